// Prints every table and writes it, with the machine and the date, to bench/RESULTS.md: npm run bench
//   node bench/run.ts hits sqlite        only these
import { execFileSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { cpus, totalmem } from "node:os"

const all: Readonly<Record<string, readonly [title: string, file: string, ...args: string[]]>> = {
  hits: ["Hits", "hits.ts"],
  memory: ["The memory adapter", "memory.ts"],
  codec: ["Copies and serializers", "codec.ts"],
  sqlite: ["SQLite", "sqlite.ts"],
  misses: ["10 000 callers, one load", "misses.ts"],
}

const wanted = process.argv.slice(2)
const here = new URL(".", import.meta.url)
const parts: string[] = []
for (const [name, [title, file, ...args]] of Object.entries(all)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const text = execFileSync(process.execPath, [new URL(file, here).pathname, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  })
  console.log(`\n## ${title}\n\n${text}`)
  parts.push(
    `## ${title}\n\n\`node bench/${[file, ...args].join(" ")}\`\n\n${text.includes("\n|") || text.startsWith("|") ? text.trim() : `\`\`\`\n${text.trim()}\n\`\`\``}\n`,
  )
}

const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`
const head = `# Results\n\n\`npm run bench\`, ${new Date().toISOString().slice(0, 10)}, ${machine}. A shared machine: trust the ratios within one table, not the absolute figures.\n`
if (wanted.length === 0) writeFileSync(new URL("RESULTS.md", here), `${head}\n${parts.join("\n")}`)
