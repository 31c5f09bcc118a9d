import { type Adapter, type Awaitable, inStep } from "../adapter.ts"
import { chain, hush, isPromise, together } from "../base/awaitable.ts"
import { soon } from "../base/clock.ts"
import type { MissReason } from "../base/errors.ts"
import type { Codec } from "../codec/codec.ts"
import type { Kept } from "../entry.ts"

/** An adapter with its codec: a storage of entries. It does not judge whether they are fresh. */
export class Store {
  readonly adapter: Adapter
  readonly #codec: Codec
  /**
   * Whether the adapter last returned a promise. Then {@link ask} does nothing, until a {@link read} is synchronous.
   */
  #answersLater = false
  /** A pending answer, for the {@link read} that follows. */
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
   * What a synchronous adapter has for `key`; `undefined` if it takes I/O. That may then be pending, for the {@link
   * read} that follows in the same turn.
   */
  ask(key: string): Kept | MissReason | undefined {
    if (this.#answersLater) return undefined
    try {
      const record = this.adapter.peek ? this.adapter.peek(key) : this.adapter.get(key)
      if (record === undefined) return this.adapter.peek ? undefined : "absent"
      // `isEntry` first: on the path of every hit, looking for `then` costs more.
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
      return undefined // The read that follows runs into the same failure, and reports it.
    }
  }

  /** The entry at `key`, or why there is none. Throws and rejects like the adapter. */
  read(key: string): Awaitable<Kept | MissReason> {
    const asked = this.#asked
    this.#asked = undefined
    if (asked?.key === key) return asked.found
    const record = this.adapter.get(key)
    // Wrapped: a foreign promise may have nothing but a `then`.
    if (isPromise(record)) return Promise.resolve(record).then((late) => this.#decode(key, late))
    this.#answersLater = false
    return this.#decode(key, record)
  }

  /** Keeps a pending answer for the read that follows in this turn. A later read must see later writes. */
  #hold(key: string, found: Promise<Kept | MissReason>): undefined {
    this.#asked = { key, found }
    hush(found)
    soon(() => {
      this.#asked = undefined
    })
  }

  /** As {@link read}, for each key; one round trip where the adapter can. */
  readMany(keys: readonly string[]): Awaitable<readonly (Kept | MissReason)[]> {
    const records = this.adapter.getMany
      ? this.adapter.getMany(keys)
      : together(keys.map((key) => () => this.adapter.get(key)))
    return chain(records, (all) => {
      const each = inStep(keys, all)
      return together(keys.map((key, i) => () => this.#decode(key, each[i])))
    })
  }

  /** The entry at `key`, if known synchronously; `undefined` if that takes I/O. */
  peek(key: string): Kept | undefined {
    const kept = this.ask(key)
    return typeof kept === "string" ? undefined : kept
  }

  /** The value of `kept`, for the caller to own. `isLast`: no other caller will be given the value of this object. */
  out(kept: Kept, isLast?: boolean): unknown {
    return this.#codec.out(kept, isLast)
  }

  /** Writes `kept` for `life` ms. */
  write(key: string, kept: Kept, life: number): Awaitable<void> {
    return chain(this.#codec.encode(key, kept), (record) => this.adapter.set(key, record, life))
  }

  /** As {@link write}, for each entry; one round trip where the adapter can. */
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

  /** Removes `keys`; one round trip where the adapter can. */
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
  return (value as Partial<Kept> | null | undefined)?.format === 1 // The codec checks the rest.
}
