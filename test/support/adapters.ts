import type { Adapter, Awaitable, Stored } from "../../src/adapter.ts"

/** A proxy with exactly the abilities of `adapter`, which hands every call through. */
export function identity(adapter: Adapter): Adapter {
  const through: { -readonly [N in keyof Adapter]: Adapter[N] } = {
    name: adapter.name,
    medium: adapter.medium,
    get: (key) => adapter.get(key),
    set: (key, record, ttl) => adapter.set(key, record, ttl),
    delete: (key) => adapter.delete(key),
    clear: (prefix) => adapter.clear(prefix),
  }
  const {
    copy,
    getMany,
    setMany,
    deleteMany,
    add,
    keys,
    lock,
    prune,
    open,
    close,
    peek,
    observe,
    tokenChanges,
    bus,
  } = adapter
  if (copy) through.copy = copy
  if (bus) through.bus = bus
  if (getMany) through.getMany = (all) => getMany(all)
  if (setMany) through.setMany = (entries) => setMany(entries)
  if (deleteMany) through.deleteMany = (all) => deleteMany(all)
  if (add) through.add = (key, record, ttl) => add(key, record, ttl)
  if (keys) through.keys = (prefix) => keys(prefix)
  if (lock) through.lock = (key, ttl) => lock(key, ttl)
  if (prune) through.prune = (now) => prune(now)
  if (open) through.open = () => open()
  if (close) through.close = () => close()
  if (peek) through.peek = (key) => peek(key)
  if (tokenChanges) through.tokenChanges = () => tokenChanges()
  if (observe) through.observe = (listener) => observe(listener)
  return through
}

/** What a {@link custom} adapter keeps its records in: two adapters on one of these share a storage. */
export type Shelf = Map<string, { readonly record: Stored; readonly until: number }>

/** An adapter as somebody else writes it: four methods over a Map, answering at once or later. */
export function custom(
  medium: Adapter["medium"],
  when: "sync" | "async" = "sync",
  shelf: Shelf = new Map(),
): Adapter {
  const answer = <T>(value: T): Awaitable<T> => (when === "sync" ? value : Promise.resolve(value))
  return {
    name: `custom ${medium} ${when}`,
    medium,
    get(key) {
      const kept = shelf.get(key)
      return answer(kept !== undefined && Date.now() < kept.until ? kept.record : undefined)
    },
    set(key, record, ttl) {
      const fits = { object: true, text: typeof record === "string", bytes: record instanceof Uint8Array }
      if (!fits[medium])
        throw new TypeError(`a record of medium ${medium} was expected, got ${typeof record}`)
      // What a real storage would not take is refused here as well.
      const copy = structuredClone(record)
      shelf.set(key, { record: copy, until: Date.now() + ttl })
      return answer(undefined)
    },
    delete: (key) => answer(shelf.delete(key)),
    clear(prefix) {
      for (const key of shelf.keys()) if (key.startsWith(prefix)) shelf.delete(key)
      return answer(undefined)
    },
  }
}
