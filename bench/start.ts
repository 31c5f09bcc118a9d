// How long an import of each entry takes in Node, Deno and Bun, each time in a new process, beside peers.
//   node bench/start.ts [rounds=3]        runtimes that are not installed are left out (npm ci --prefix tools/runtimes)
import { execFileSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { type Runtime, runtimes } from "../tools/scripts/runtimes.ts"
import { median, table } from "./measure.ts"

const rounds = Number(process.argv[2] ?? 3)
const child = fileURLToPath(new URL("start/import.js", import.meta.url))
const root = new URL("../", import.meta.url)

/** Every entry that holds code, as package.json tells. */
const { exports: entries } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"))
const ours = Object.entries(entries as Record<string, string | { default: string }>).flatMap(
  ([path, target]) =>
    typeof target === "string"
      ? []
      : [[`isocache${path.slice(1)}`, new URL(target.default, root).href] as const],
)
const peers = [
  "lru-cache",
  "layered-loader",
  "cache-manager",
  "ocache",
  "bentocache",
  "unstorage",
  "keyv",
  "cacheable",
]
const all = [...ours, ...peers.map((name) => [name, import.meta.resolve(name)] as const)]
const nothing = ["nothing (an empty module)", "data:text/javascript,"] as const

function once({ command, args }: Runtime, url: string): number {
  const output = execFileSync(command, [...args, child, url], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  })
  const [, ms] = /took ([\d.]+)/.exec(output) ?? []
  if (ms === undefined) throw new Error(`no time in ${output}`)
  return Number(ms)
}

const present = runtimes.filter(
  ({ name, command }) => /^(node 26|deno|bun)$/.test(name) && existsSync(command),
)
const found = new Map<string, Map<string, number[] | undefined>>()
for (let round = 0; round < rounds; round++) {
  for (const [name, url] of [nothing, ...all]) {
    const cells = found.get(name) ?? new Map<string, number[] | undefined>()
    found.set(name, cells)
    for (const runtime of present) {
      const times = cells.get(runtime.name) ?? []
      if (cells.has(runtime.name) && cells.get(runtime.name) === undefined) continue
      try {
        cells.set(runtime.name, [...times, once(runtime, url)])
      } catch {
        cells.set(runtime.name, undefined)
      }
    }
  }
}
const cell = (times: readonly number[] | undefined) =>
  times === undefined ? "does not load" : `${median(times).toFixed(1)} ms`
console.log(
  table(
    ["import", ...present.map(({ name }) => name)],
    [...found].map(([name, cells]) => [name, ...present.map((runtime) => cell(cells.get(runtime.name)))]),
  ),
)
