import type { SqliteAdapter } from "../../adapters/sqlite.ts"
import type { Adapter } from "../../src/adapter.ts"

/** What a record was written with. */
interface Written {
  readonly key: string
  readonly ttl: number
  readonly way: "set" | "add" | "setMany"
  /** The ttl of the first one and of the last one that were written together. */
  readonly first: number
  readonly last: number
}

/** Takes a record for gone `life` ms after it was written: SQLite itself keeps a row until it is pruned. */
export function mortal(it: SqliteAdapter, life: (written: Written) => number): Partial<Adapter> {
  const ends = new Map<string, number>()
  const write = (written: Written) => void ends.set(written.key, Date.now() + life(written))
  return {
    get: (key) => (Date.now() < (ends.get(key) ?? 0) ? it.get(key) : undefined),
    set(key, record, ttl) {
      write({ key, ttl, way: "set", first: ttl, last: ttl })
      it.set(key, record, ttl)
    },
    add(key, record, ttl) {
      const added = it.add(key, record, ttl)
      if (added) write({ key, ttl, way: "add", first: ttl, last: ttl })
      return added
    },
    setMany(entries) {
      const [first = 0, last = 0] = [entries[0]?.[2], entries.at(-1)?.[2]]
      for (const [key, , ttl] of entries) write({ key, ttl, way: "setMany", first, last })
      it.setMany(entries)
    },
  }
}

/** Keeps the life that a key was first written with. */
export function unrenewed(it: SqliteAdapter): Partial<Adapter> {
  const lives = new Map<string, number>()
  return mortal(it, ({ key, ttl }) => {
    const life = lives.get(key) ?? ttl
    lives.set(key, life)
    return life
  })
}
