import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { expect, test } from "vitest"
import { installed } from "./entries.ts"

const dist = join(installed, "dist")
const declarations = readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((file) =>
  file.endsWith(".d.ts"),
)

/** What TypeScript itself brings, and not every project's `lib` names: Symbol.asyncDispose. */
const ofTheLanguage = ["esnext.disposable"]

/** What a declaration file refers to: modules and libraries of types. */
function references(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/(?!\/).*$/gm, "")
  const modules = code.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*["']([^"']+)["']/g)
  const libraries = code.matchAll(/\/\/\/\s*<reference\s+(?:types|path|lib)=["']([^"']+)["']/g)
  const names = [...modules, ...libraries].map(([, name = ""]) => name)
  return names.filter((name) => !ofTheLanguage.includes(name))
}

test("published types refer to files of the package only, by the ending that every checker knows", () => {
  expect(declarations.length).toBeGreaterThan(0)
  for (const file of declarations) {
    for (const name of references(readFileSync(join(dist, file), "utf8"))) {
      expect(name, file).toMatch(/^\.{1,2}\/.+\.js$/)
      expect(existsSync(join(dist, dirname(file), name.replace(/\.js$/, ".d.ts"))), `${file}: ${name}`).toBe(
        true,
      )
    }
  }
})

test("published types name no global that only another package declares", () => {
  const foreign = /\b(NodeJS|Buffer|Deno|Bun|KVNamespace|ExecutionContext|DurableObject\w*)\b(?!\??:)/
  for (const file of declarations) {
    const text = readFileSync(join(dist, file), "utf8")
    const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/"[^"\n]*"/g, '""')
    expect(code.match(foreign)?.[0], file).toBeUndefined()
  }
})
