import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { inspect } from "node:util"
import { build } from "esbuild"
import { convertV4MiniflareOptions, Miniflare } from "miniflare"
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest"

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))
const readme = readFileSync(path("../../README.md"), "utf8")

interface Block {
  readonly language: string
  readonly code: string
  readonly line: number
}

const blocks: Block[] = [...readme.matchAll(/^```(\w[^\n]*)\n([\s\S]*?)^```/gm)].map((match) => ({
  language: match[1] ?? "",
  code: match[2] ?? "",
  line: readme.slice(0, match.index).split("\n").length,
}))
const of = (language: string) => blocks.filter((block) => block.language === language)

/** Turns `await something // value` into a check of that value. */
function checked(code: string): string {
  return code.replace(
    /^ *(await [^\n]*?) \/\/ ((?:["\d]|Map|true|false|undefined)[^\n]*)$/gm,
    (_, call: string, said: string) => {
      return `__say(${call}, ${JSON.stringify(said)})`
    },
  )
}

/** As the README writes values. */
function written(value: unknown): string {
  return typeof value === "string"
    ? JSON.stringify(value)
    : inspect(value)
        .replace(/Map\(\d+\)/, "Map")
        .replaceAll("'", '"')
}

describe("every block of the README runs", () => {
  const folder = mkdtempSync(path("tmp-readme-"))
  const store = mkdtempSync(join(tmpdir(), "isocache-readme-"))
  const said: [value: string, comment: string][] = []

  beforeAll(() => {
    vi.stubEnv("ISOCACHE_DIR", store)
    vi.stubGlobal("__say", (value: unknown, comment: string) => said.push([written(value), comment]))
    for (const method of ["log", "debug", "warn"] as const)
      vi.spyOn(console, method).mockImplementation(() => {})
  })
  afterAll(() => {
    vi.unstubAllEnvs()
    vi.unstubAllGlobals()
    vi.restoreAllMocks()
    for (const gone of [folder, store]) rmSync(gone, { recursive: true, force: true })
  })

  test.each(of("ts"))("TypeScript at line $line, and its comments are true", async ({ code, line }) => {
    const errors = vi.spyOn(console, "error").mockImplementation(() => {})
    const file = join(folder, `block-${line}.ts`)
    writeFileSync(file, checked(code))
    said.length = 0
    await import(file)
    for (const [value, comment] of said)
      expect(comment.startsWith(value), `${comment} is ${value}`).toBe(true)
    expect(errors.mock.calls).toEqual([])
  })

  test.each(of("ts worker"))(
    "the Worker at line $line answers, by the wrangler.toml beside it",
    async ({ code }) => {
      const [toml] = of("toml")
      const binding = /\[\[kv_namespaces\]\]\nbinding = "(\w+)"/.exec(toml?.code ?? "")?.[1] ?? ""
      const compatibilityDate = /compatibility_date = "([\d-]+)"/.exec(toml?.code ?? "")?.[1] ?? ""
      const file = join(folder, "worker.ts")
      writeFileSync(file, code)
      const built = await build({
        entryPoints: [file],
        bundle: true,
        write: false,
        format: "esm",
        target: "es2022",
        conditions: ["workerd", "worker", "browser"],
        external: ["cloudflare:*", "node:*"],
        alias: { isocache: path("../../src/index.ts") },
        plugins: [
          {
            name: "workers",
            setup(build) {
              build.onResolve({ filter: /\/workers\.ts$/ }, () => ({
                path: path("../../src/base/workers.workerd.ts"),
              }))
            },
          },
        ],
      })
      const worker = new Miniflare(
        convertV4MiniflareOptions({
          modules: true,
          script: built.outputFiles[0]?.text ?? "",
          compatibilityDate,
          kvNamespaces: [binding],
        }),
      )
      try {
        for (let round = 0; round < 3; round++) {
          const response = await worker.dispatchFetch("http://w/")
          expect(await response.json()).toEqual({ text: "…" })
        }
        const { keys } = await (await worker.getKVNamespace(binding)).list()
        expect(keys.map(({ name }) => name).filter((name) => name.endsWith("joke"))).toHaveLength(1)
      } finally {
        await worker.dispose()
      }
    },
  )

  test("the commands exist", () => {
    const { scripts } = JSON.parse(readFileSync(path("../../package.json"), "utf8"))
    const commands = of("sh").flatMap(({ code }) =>
      [...code.matchAll(/npm (start|test|ci|install \w+)/g)].map((match) => match[1]),
    )
    expect(commands).toContain("start")
    expect(commands).toContain("test")
    for (const command of ["start", "test"]) expect(scripts).toHaveProperty(command)
  })
})
