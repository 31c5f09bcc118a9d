import { type Adapter, type Awaitable, inStep } from "../adapter.ts"
import { chain, hush, isPromise, together } from "../base/awaitable.ts"
import { soon } from "../base/clock.ts"
import type { MissReason } from "../base/errors.ts"
import type { Codec } from "../codec/codec.ts"
import type { Kept } from "../entry.ts"

/** An adapter with its codec: a storage of entries. Whether an entry is fresh is for others to judge. */
export class Store {
  readonly adapter: Adapter
  readonly #codec: Codec
  /**
   * Whether its last answer was a promise. Then {@link ask} is not passed on, until a {@link read} is answered at once.
   */
  #answersLater = false
  /** An answer under way, for the {@link read} that follows. */
  #asked: { readonly key: string; readonly found: Promise<Kept | MissReason> } | undefined

  constructor(adapter: Adapter, codec: Codec) {
    this.adapter = adapter
    this.#codec = codec
  }

  /** The same codec over another adapter of the same medium. */
  over(adapter: Adapter): Store {
    return new Store(adapter, this.#codec)
  }

  /**
   * What a synchronous adapter says of `key`; `undefined` where the answer takes I/O: then it may be under way, for the
   * {@link read} that follows in the same turn.
   */
  ask(key: string): Kept | MissReason | undefined {
    if (this.#answersLater) return undefined
    try {
      const record = this.adapter.peek ? this.adapter.peek(key) : this.adapter.get(key)
      if (record === undefined) return this.adapter.peek ? undefined : "absent"
      // `isEntry` comes first: on the path of every hit, a look for `then` costs more.
      if (!isEntry(record) && isPromise(record)) {
        this.#answersLater = true
        return this.#hold(
          key,
          Promise.resolve(record).then((late) => this.#decode(key, late)),
        )
      }
      const kept = this.#decode(key, record)
      return typeof kept === "string" || isEntry(kept) ? kept : this.#hold(key, kept)
    } catch {
      return undefined // The read that follows meets the same trouble and tells of it.
    }
  }

  /** The entry at `key`, or why there is none. Throws and rejects as the adapter does. */
  read(key: string): Awaitable<Kept | MissReason> {
    const asked = this.#asked
    this.#asked = undefined
    if (asked?.key === key) return asked.found
    const record = this.adapter.get(key)
    // Resolved anew: somebody else's promise may have nothing but a `then`.
    if (isPromise(record)) return Promise.resolve(record).then((late) => this.#decode(key, late))
    this.#answersLater = false
    return this.#decode(key, record)
  }

  /** Keeps an answer under way for the read that follows in this turn. A later read must see what was written since. */
  #hold(key: string, found: Promise<Kept | MissReason>): undefined {
    this.#asked = { key, found }
    hush(found)
    soon(() => {
      this.#asked = undefined
    })
  }

  /** As {@link read} for each key, in one round trip where the adapter can. */
  readMany(keys: readonly string[]): Awaitable<readonly (Kept | MissReason)[]> {
    const records = this.adapter.getMany
      ? this.adapter.getMany(keys)
      : together(keys.map((key) => () => this.adapter.get(key)))
    return chain(records, (all) => {
      const each = inStep(keys, all)
      return together(keys.map((key, i) => () => this.#decode(key, each[i])))
    })
  }

  /** The entry at `key` where it is known at once; `undefined` where that takes I/O. */
  peek(key: string): Kept | undefined {
    const kept = this.ask(key)
    return typeof kept === "string" ? undefined : kept
  }

  /** The value of `kept`, for a caller to own. `isLast`: nobody else will be given the value of this very object. */
  out(kept: Kept, isLast?: boolean): unknown {
    return this.#codec.out(kept, isLast)
  }

  /** Writes `kept` for `life` ms. */
  write(key: string, kept: Kept, life: number): Awaitable<void> {
    return chain(this.#codec.encode(key, kept), (record) => this.adapter.set(key, record, life))
  }

  /** As {@link write} for each entry, in one round trip where the adapter can. */
  writeMany(entries: readonly (readonly [key: string, kept: Kept, life: number])[]): Awaitable<unknown> {
    const encoded = entries.map(([key, kept, life]) => () => {
      const record = this.#codec.encode(key, kept)
      return chain(record, (record) => [key, record, life] as const)
    })
    return chain(together<readonly [string, unknown, number]>(encoded), (records) =>
      this.adapter.setMany
        ? this.adapter.setMany(records)
        : together(records.map((entry) => () => this.adapter.set(...entry))),
    )
  }

  /** Removes `keys`, in one round trip where the adapter can. */
  remove(keys: readonly string[]): Awaitable<unknown> {
    const [first] = keys
    if (keys.length === 1 && first !== undefined) return this.adapter.delete(first)
    if (this.adapter.deleteMany) return this.adapter.deleteMany(keys)
    return together(keys.map((key) => () => this.adapter.delete(key)))
  }

  #decode(key: string, record: unknown): Awaitable<Kept | MissReason> {
    if (record === undefined) return "absent"
    const kept = this.#codec.decode(key, record) ?? "corrupt"
    return typeof kept === "string" || isEntry(kept) ? kept : kept.then((late) => late ?? "corrupt")
  }
}

function isEntry(value: unknown): value is Kept {
  return (value as Partial<Kept> | null | undefined)?.format === 1 // judged in full by the codec
}
