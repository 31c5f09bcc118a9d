// IndexedDB in Chromium, Firefox and WebKit beside idb-keyval, localforage, dexie and bare transactions.
//   node bench/browser.ts                     1 000 operations at once, in every engine that is here
//   node bench/browser.ts growth [most]       how each verb grows in Chromium, up to a million entries or `most`
import { join } from "node:path"
import { findEngines } from "../test/browser/installed.ts"
import { root, run } from "../tools/scripts/run.ts"
import { type AtOnce, type Growth, mark } from "./browser/tell.ts"
import { duration, median, table, times } from "./measure.ts"

const isGrowth = process.argv[2] === "growth"
const most = process.argv[3] ?? "1000000"
const wanted = isGrowth ? ["chromium"] : ["chromium", "firefox", "webkit"]
const here = Object.entries(findEngines()).flatMap(([name, path]) => (path ? [name] : []))
const engines = wanted.filter((name) => here.includes(name))
for (const name of wanted) if (!engines.includes(name)) console.log(`Left out: ${name} is not installed.\n`)

/** What the benches of `file` have told in `engine`. */
async function told<T>(engine: string, file: string): Promise<T[]> {
  const { ok, output } = await run(
    process.execPath,
    [
      join(root, "node_modules/vitest/vitest.mjs"),
      "run",
      file,
      "--config",
      join(root, "bench/browser/vitest.config.ts"),
    ],
    { env: { ENGINES: engine, ENTRIES: most, NO_COLOR: "1" }, quiet: true, timeout: 1_200_000 },
  )
  if (!ok) throw new Error(output)
  return output.split("\n").flatMap((line) => {
    const at = line.indexOf(mark)
    return at < 0 ? [] : [JSON.parse(line.slice(at + mark.length))]
  })
}

const ms = (milliseconds: number) => duration(milliseconds * 1e6)

function atOnce(all: readonly AtOnce[]): string {
  const kinds = [...new Set(all.map(({ kind }) => kind))]
  const tables = kinds.map((kind) => {
    const ofKind = all.filter((one) => one.kind === kind)
    const names = [...new Set(ofKind.flatMap(({ rows }) => rows.map(({ name }) => name)))]
    const cells = (name: string, what: "set" | "get") =>
      ofKind.map(({ rows }) => {
        const own = rows.find((row) => row.name === name)
        return own
          ? `${ms(median(own[what]))}, ${times(median(own[what]), median(rows[0]?.[what] ?? []))}`
          : "–"
      })
    return table(
      [
        `1 000 at once, ${kind}`,
        ...ofKind.map(({ engine }) => `set, ${engine}`),
        ...ofKind.map(({ engine }) => `get, ${engine}`),
      ],
      names.map((name) => [name, ...cells(name, "set"), ...cells(name, "get")]),
    )
  })
  return tables.join("\n\n")
}

function growth(all: readonly Growth[]): string {
  const verbs = [...new Set(all.flatMap((one) => Object.keys(one.verbs)))]
  return table(
    ["IndexedDB in Chromium", ...all.map(({ entries }) => `${entries.toLocaleString("en")} entries`)],
    verbs.map((verb) => [verb, ...all.map((one) => (verb in one.verbs ? ms(one.verbs[verb] ?? 0) : "–"))]),
  )
}

if (isGrowth) {
  const all: Growth[] = []
  for (const engine of engines) all.push(...(await told<Growth>(engine, "scale")))
  console.log(growth(all))
} else {
  const all: AtOnce[] = []
  for (const engine of engines) all.push(...(await told<AtOnce>(engine, "indexeddb")))
  console.log(atOnce(all))
}
