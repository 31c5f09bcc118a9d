import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { consumer } from "../../tools/scripts/consumer.ts"

/** What a program tells of the cache that opened by itself. */
export interface Opened {
  readonly adapter: string
  /** What getOrSet gave: the fallback's "made", whatever the storage did. */
  readonly value: unknown
  /** The messages of its error events. */
  readonly errors: readonly string[]
}

/** Opens the shared cache with a load, and gives what is to be told of it as `opened`. */
export const opening = `
const errors = []
const off = cached.on("error", ({ error }) => errors.push(error.message))
const value = await cached.getOrSet("key of auto", () => "made")
off()
const opened = { adapter: cached.adapter.name, value, errors }
`

/** The program for a process, in a folder of the consumer that has the package: it prints what it opened. */
export function writeProgram(): string {
  const folder = join(consumer, "auto")
  mkdirSync(folder, { recursive: true })
  const file = join(folder, "auto.mjs")
  const end = "console.log(JSON.stringify(opened))\nawait cached.close()\n"
  writeFileSync(file, `import { cached } from "isocache"\n${opening}${end}`)
  return file
}
