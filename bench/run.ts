// Runs the benches one after the other, prints their tables and writes them to bench/RESULTS.md: npm run bench
//   node bench/run.ts hits sqlite        only these: their sections are replaced, the others stay as they are
//   node bench/run.ts churn growth       what takes too long to run every time
import { execFileSync } from "node:child_process"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { cpus, loadavg, totalmem } from "node:os"
import { fileURLToPath } from "node:url"

interface Part {
  readonly title: string
  /** What node is given. */
  readonly command: readonly string[]
  /** Runs only when it is named. */
  readonly isLong?: boolean
}

const parts: Readonly<Record<string, Part>> = {
  peers: { title: "The same situations", command: ["peers.ts"] },
  hits: { title: "Hits", command: ["hits.ts"] },
  misses: { title: "Misses, and stale hits", command: ["misses.ts"] },
  near: { title: "A near tier", command: ["near.ts"] },
  "dead-tier": { title: "A dead far tier", command: ["dead-tier.ts"] },
  memory: { title: "The memory adapter", command: ["memory.ts"] },
  through: { title: "Ten million keys through memory", command: ["--expose-gc", "through.ts"] },
  churn: { title: "Memory under churn", command: ["--expose-gc", "churn.ts"], isLong: true },
  codec: { title: "Copies and serializers", command: ["codec.ts"] },
  codecs: { title: "Encryption and compression", command: ["codecs.ts"] },
  sqlite: { title: "SQLite", command: ["sqlite.ts"] },
  scale: { title: "SQLite up to a million entries", command: ["scale.ts"] },
  invalidate: { title: "Invalidation up to a million entries", command: ["invalidate.ts"] },
  browser: { title: "IndexedDB in browsers", command: ["browser.ts"] },
  growth: { title: "IndexedDB as it grows", command: ["browser.ts", "growth"], isLong: true },
  upstash: { title: "Upstash, by requests", command: ["upstash.ts"] },
  kv: { title: "Workers KV, by operations", command: ["kv.ts"] },
  weigh: { title: "What an entry weighs", command: ["--expose-gc", "weigh.ts"] },
  sizes: { title: "Sizes", command: ["sizes.ts"] },
  start: { title: "Import", command: ["start.ts"] },
  workerd: { title: "Cold start in workerd", command: ["workerd.ts"] },
}

const here = fileURLToPath(new URL(".", import.meta.url))
const file = `${here}RESULTS.md`
const wanted = process.argv.slice(2)
const unknown = wanted.find((name) => !Object.hasOwn(parts, name))
if (unknown !== undefined) {
  console.error(`There is no bench ${unknown}. Known: ${Object.keys(parts).join(", ")}.`)
  process.exit(1)
}

const sections = existsSync(file) ? sectionsOf(readFileSync(file, "utf8")) : new Map<string, string>()
const began = performance.now()
for (const [name, { title, command, isLong = false }] of Object.entries(parts)) {
  if (wanted.length > 0 ? !wanted.includes(name) : isLong) continue
  const load = loadavg()[0]?.toFixed(1)
  console.log(`\n## ${title}\n`)
  try {
    const text = execFileSync(process.execPath, [...command], {
      cwd: here,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
      maxBuffer: 2 ** 26,
    })
    console.log(text)
    const shown = command.map((word) => (word.endsWith(".ts") ? `bench/${word}` : word)).join(" ")
    const when = new Date().toISOString().slice(0, 16).replace("T", " ")
    sections.set(title, `\`node ${shown}\`, ${when}, load ${load} when it began.\n\n${text.trim()}\n`)
    // At once: a later one that fails, or Ctrl-C, loses nothing.
    write()
  } catch (error) {
    // Its section stays as it was.
    console.error(`${name} has failed: ${error instanceof Error ? error.message : error}`)
    process.exitCode = 1
  }
}
console.log(`\n${Math.round((performance.now() - began) / 1000)} s in all.`)

function sectionsOf(text: string): Map<string, string> {
  const [, ...found] = text.split(/^## /m)
  return new Map(
    found.map((section) => {
      const [title = "", ...lines] = section.split("\n")
      return [title, `${lines.join("\n").trim()}\n`]
    }),
  )
}

function write(): void {
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform}, Node ${process.version}`
  const long = Object.entries(parts).flatMap(([name, { isLong }]) => (isLong ? [`\`${name}\``] : []))
  const head = `# Results

\`npm run bench\` writes this: isocache as it is built, beside its peers, in one run, all taking turns; medians unless a table
says otherwise. ${machine}. The machine is shared: trust the ratios within one table, not the absolute figures. ${long.join(" and ")} run only
when named: \`node bench/run.ts churn\`. Hit ratios are in [POLICY.md](POLICY.md), what each feature weighs in [SIZE.md](SIZE.md).
`
  const all = Object.values(parts).flatMap(({ title }) => {
    const section = sections.get(title)
    return section === undefined ? [] : [`## ${title}\n\n${section}`]
  })
  writeFileSync(file, [head, ...all].join("\n"))
}
