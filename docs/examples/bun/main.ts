// Counts the words in a folder's Markdown files: bun run main.ts FOLDER [--forget]
import { readdir, readFile, stat } from "node:fs/promises"
import { resolve } from "node:path"
import { cached } from "isocache"

const words = cached.region("words", { ttl: "30d" })
let counted = 0

// Every argument is part of the key, so a changed file is another call.
const countWords = words.memoize(
  async (path: string, _changedAt: number, _size: number) => {
    counted++
    const text = await readFile(path, "utf8")
    return text.split(/\s+/).filter(Boolean).length
  },
  { name: "countWords" },
)

const [folder = ".", ...flags] = process.argv.slice(2)
if (flags.includes("--forget")) await words.invalidate()

const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".md")).sort()
const counts = await Promise.all(
  names.map(async (name) => {
    const path = resolve(folder, name)
    const { mtimeMs, size } = await stat(path)
    return countWords(path, mtimeMs, size)
  }),
)

for (const [at, name] of names.entries()) console.log(`${String(counts[at]).padStart(8)}  ${name}`)
console.log(
  `${counts.reduce((sum, count) => sum + count, 0)} words in ${names.length} files, ${counted} counted anew`,
)
await cached.close()
