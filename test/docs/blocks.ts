// The code that people read: fenced blocks of Markdown, and the examples of docstrings.
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../../tools/scripts/run.ts"

export interface Block {
  /** Relative to the repository. */
  readonly file: string
  readonly line: number
  /** What stands behind the three backticks: "ts", "ts worker", "sh". */
  readonly language: string
  readonly code: string
}

/** The README and the guides. */
export const pages: readonly string[] = ["README.md", ...globSync("docs/*.md", { cwd: root }).sort()]

/** The blocks of a page. */
export function blocksOf(file: string): Block[] {
  const text = readFileSync(join(root, file), "utf8")
  return [...text.matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm)].map(
    ({ index, 1: language = "", 2: code = "" }) => ({
      file,
      line: lineAt(text, index),
      language,
      code,
    }),
  )
}

export interface Example extends Block {
  /** Whose docstring it stands in: the name of a function, class, constant or method. */
  readonly of: string
}

/** What an example of one line finds at hand. */
const prelude = `import { CacheWrapper, detectRuntime, parseDuration } from "isocache"
import { memory } from "isocache/adapters/memory"
const cached = new CacheWrapper()
const cache = cached
const fetchUser = async (id: number) => ({ id, name: "Ada" })
const fetchUsers = async (...ids: number[]) => ids.map((id) => ({ id, name: "Ada" }))
const fetchNews = async () => ["…"]
const ctx = { waitUntil(_: Promise<unknown>) {} }
`

/** The examples in the docstrings of a source file. Those of one line have {@link prelude} in front. */
export function examplesOf(file: string): Example[] {
  const text = readFileSync(join(root, file), "utf8")
  return [...text.matchAll(/^ *\/\*\*\n(?: *\*[^\n]*\n)*? *\*\/\n *([^\n]+)/gm)].flatMap((docstring) => {
    const lines = docstring[0].split("\n").map((line) => line.replace(/^ *\* ?/, ""))
    const at = lines.findIndex((line) => line.startsWith("@example"))
    if (at < 0) return []
    const [, fenced] = /```ts\n([\s\S]*?)```/.exec(lines.slice(at).join("\n")) ?? []
    const code = fenced ?? `${prelude}${(lines[at] ?? "").slice("@example ".length)}\n`
    return [
      {
        file,
        line: lineAt(text, docstring.index) + at,
        language: "ts",
        code,
        of: nameIn(docstring[1] ?? ""),
      },
    ]
  })
}

/** Every source that may have docstrings of public names. */
export const sources: readonly string[] = globSync("{src,adapters}/**/*.ts", { cwd: root }).sort()

function nameIn(declaration: string): string {
  const words =
    /^(?:export )?(?:override |async |abstract )*(?:function |class |const |interface |type )?\*?([\w$]+)/
  return words.exec(declaration)?.[1] ?? ""
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split("\n").length
}
