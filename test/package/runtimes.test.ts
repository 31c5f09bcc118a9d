import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, expect, test } from "vitest"
import { consumer } from "../../tools/scripts/consumer.ts"
import { install } from "../../tools/scripts/projects.ts"
import { run } from "../../tools/scripts/run.ts"
import { runtimes } from "../../tools/scripts/runtimes.ts"
import { entries } from "./entries.ts"

const program = join(consumer, "import-all.mjs")

beforeAll(async () => {
  await install("runtimes")
  // Literal imports: Deno resolves nothing else without asking.
  const lines = entries.map((entry) => `names["${entry}"] = Object.keys(await import("${entry}")).sort()`)
  writeFileSync(program, `const names = {}\n${lines.join("\n")}\nconsole.log(JSON.stringify(names))\n`)
})

test.each(runtimes)(
  "every entry can be imported in $name, silently, and ends by itself",
  async ({ command, args }) => {
    const { ok, output } = await run(command, [...args, program], {
      quiet: true,
      cwd: consumer,
      timeout: 30_000,
    })
    expect(output).toMatch(/^\{.*\}\n$/)
    expect(ok).toBe(true)
    const names: Record<string, string[]> = JSON.parse(output)
    expect(Object.keys(names)).toEqual(entries)
    for (const [entry, found] of Object.entries(names)) {
      const here: object = await import(/* @vite-ignore */ join(consumer, "node_modules", fileOf(entry)))
      expect(found, entry).toEqual(Object.keys(here).sort())
    }
  },
)

/** The file an entry stands for in Node. */
function fileOf(entry: string): string {
  return `${entry.replace(/^isocache$/, "isocache/index").replace("isocache/", "isocache/dist/")}.js`
}
