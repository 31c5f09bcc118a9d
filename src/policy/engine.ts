import type { AdapterEvent } from "../adapter.ts"
import { keepAlive } from "../base/alive.ts"
import { type Awaitable, attempt, chain, isPromise, quietly } from "../base/awaitable.ts"
import { closed, type MissReason } from "../base/errors.ts"
import { hearWeakly } from "../base/weakly.ts"
import type { Kept } from "../entry.ts"
import type { Store } from "../store/store.ts"
import { Backoff } from "./backoff.ts"
import { Busy } from "./busy.ts"
import type { Draft } from "./draft.ts"
import { absentIn, find, findMany, type ReadManyOptions } from "./find.ts"
import { Flights } from "./flights.ts"
import { type Found, foundIn, nothing } from "./found.ts"
import type { Hub } from "./hub.ts"
import { type Lane, laneOf } from "./lane.ts"
import { openStore, type Source } from "./opening.ts"
import { bulkTimeout, type Policy } from "./options.ts"
import { keyOf, type Place } from "./place.ts"
import { WriteQueue } from "./queue.ts"
import { ended, isAlive, isOurs, share, type UnderWay } from "./scope.ts"
import { forCaller, lateStorage, only } from "./storage-errors.ts"
import { within } from "./timeout.ts"
import { limitOf, type Mode } from "./tokens.ts"
import { Versions } from "./versions.ts"

/** One storage and everything under way on it: flights, writes, back-offs. */
export class Engine {
  readonly hub: Hub
  readonly source: Source
  readonly lane: Lane
  readonly flights: Flights
  readonly backoff: Backoff = new Backoff()
  readonly queue: WriteQueue
  /** What `close`, or a swap of the storage, waits for. */
  readonly busy: Busy = new Busy()
  /** Key listings under way. A caller may stop iterating without notice, so only a swap waits for them. */
  readonly listings: Busy = new Busy()
  /** The storage, once it is open. */
  store: Store | undefined
  /** Only set on a batch's engine. */
  draft: Draft | undefined
  #opening: UnderWay<Store> | undefined
  #versions: Versions | undefined
  #unobserve: (() => void) | undefined
  #closing: UnderWay | undefined

  constructor(source: Source, hub: Hub, lane: Lane = laneOf(source.adapter)) {
    this.source = source
    this.hub = hub
    this.lane = lane
    this.flights = new Flights(lane.flights)
    this.queue = new WriteQueue(lane, this)
  }

  /** An engine for a storage layered over this one: a batch's. */
  over(open: Source["open"]): Engine {
    const { hasPrefixes } = this.lane
    return new Engine({ ...this.source, owned: false, open }, this.hub, { ...laneOf(undefined), hasPrefixes })
  }

  /** The versions of regions and tags in this storage. Call it only once the storage is open. */
  versions(store: Store): Versions {
    this.#versions ??= new Versions(store.adapter, this.lane)
    return this.#versions
  }

  /** Opens the storage, once for all callers where promises may be shared. Fails if it cannot, or was closed before. */
  open(): Awaitable<Store> {
    if (this.store) return this.store
    if (this.#closing) throw closed()
    // A hanging open must not block callers for ever. On Workers, one begun by another request may have died with it.
    const known = this.#opening
    if (known && isAlive(known) && isOurs(known)) return known.promise
    const opened = openStore(this.source, (error) => this.onReport({ type: "error", error }, false))
    if (!isPromise(opened)) return this.#use(opened)
    const store = this.busy.track(opened.then((own) => this.#use(own)))
    this.#opening = share(store, 30_000)
    keepAlive(store)
    return store
  }

  /** The open storage; rejects with `STORE_TIMEOUT` after `ms`. */
  opened(ms: number): Awaitable<Store> {
    return this.store ?? this.guard(() => this.open(), ms, "")
  }

  #use(store: Store): Awaitable<Store> {
    if (this.store || this.#closing) {
      // Another request was faster, or the cache was closed in the meantime.
      if (this.source.owned) quietly(() => store.adapter.close?.())
      return this.open()
    }
    this.store = store
    this.#unobserve = hearWeakly(this, (listener) => store.adapter.observe?.(listener))
    return store
  }

  /** The value of `kept`, for the caller to own. `isLast`: no other caller will be given the value of this object. */
  out(kept: Kept, isLast?: boolean): unknown {
    return this.store ? this.store.out(kept, isLast) : kept.value
  }

  /** Called with what the storage reports; `isAdapters` if other caches over the adapter get the report, too. */
  onReport: (event: AdapterEvent, isAdapters: boolean) => void = () => {}

  /** Receives the adapter's reports. */
  hear(event: AdapterEvent): void {
    this.onReport(event, true)
  }

  /**
   * Waits for a storage operation, `ms` at most; then rejects with `STORE_TIMEOUT`. Credentials are removed from errors
   * of the storage.
   *
   * @param key - The storage key, for the error; `""` for none or many.
   * @param lost - Maps an error to a result. Default: rethrows it.
   */
  guard<T>(
    work: () => Awaitable<T>,
    ms: number,
    key: string,
    lost: (error: unknown) => T = rethrow,
  ): Awaitable<T> {
    const failed = (error: unknown) => lost(forCaller(error))
    let result: Awaitable<T>
    try {
      result = work()
    } catch (error) {
      return failed(error)
    }
    if (!isPromise(result)) return result
    return within(result, ms, () => failed(lateStorage(key, ms)), failed, this.busy.begin())
  }

  /**
   * The entry at `key`, judged by the versions of its regions and tags, with the versions that a load would be stored
   * under. Never throws or rejects: a failure is an `error` event and a miss. Junk is removed. With `fresh`, only the
   * versions are read.
   *
   * @param known - What a synchronous storage has just returned.
   */
  read(place: Place, key: string, policy: Policy, known?: Kept | MissReason): Awaitable<Found> {
    const { store } = this
    const absent = known === "absent" && store && absentIn(this.versions(store), place, policy)
    if (absent) return absent
    const lost = (error: unknown) => this.#lost(place, keyOf(key), error)
    return this.#ask(policy, [key], (store) => find({ engine: this, store, place, policy }, key, known), lost)
  }

  /** As {@link read}, past any near tier. */
  readAnew(place: Place, key: string, policy: Policy): Awaitable<Found> {
    if (!this.store?.adapter.forget) return this.read(place, key, policy)
    return chain(
      this.readMany(place, [key], policy, { anew: true, keepsJunk: true }),
      ([found]) => found as Found, // One for each key.
    )
  }

  /** As {@link read}, for many keys; one round trip where the adapter can. */
  readMany(
    place: Place,
    keys: readonly string[],
    policy: Policy,
    options: ReadManyOptions = {},
  ): Awaitable<Found[]> {
    const lost = (error: unknown) => {
      if (options.rejects) throw error
      const one = this.#lost(place, "", error)
      const isNear = this.store?.adapter.peek && !options.anew
      return keys.map((key) => {
        // A near tier may still have it. Its versions may be outdated: no entry can be stored under them.
        const known = isNear ? this.peek(place, key) : undefined
        return known ? { ...known, tokens: undefined } : one
      })
    }
    return this.#ask(
      policy,
      keys,
      (store) => findMany({ engine: this, store, place, policy }, keys, options),
      lost,
    )
  }

  #ask<T>(
    policy: Policy,
    keys: readonly string[],
    ask: (store: Store) => Awaitable<T>,
    lost: (error: unknown) => T,
  ): Awaitable<T> {
    const asked = (store: Store) => this.guard(() => ask(store), bulkTimeout(policy, keys), only(keys), lost)
    try {
      const store = this.opened(policy.storeTimeout)
      if (!isPromise(store)) return asked(store)
      // So that calls made before it is open are done in their order.
      const written = this.queue.finish(keys)
      return store.then((store) => chain(written, () => asked(store)), lost)
    } catch (error) {
      return lost(error)
    }
  }

  #lost(place: Place, name: string, error: unknown): Found {
    this.hub.trouble(place, name, error)
    return nothing("unavailable")
  }

  /** The entry at `key`, in whatever state, if the storage is synchronous; `undefined` if it is not, or has none. */
  peek(place: Place, key: string): Found | undefined {
    try {
      if (!this.store && this.source.adapter) quietly(() => this.open())
      const { store } = this
      const kept = store?.peek(key)
      if (!store || !kept) return undefined
      const tokens = this.versions(store).peek(place.versionKeysOf(kept.tags))
      return tokens && foundIn(kept, limitOf(kept.marks, tokens), tokens)
    } catch {
      return undefined // A failing storage knows nothing synchronously.
    }
  }

  /**
   * Fences the flights of `keys`, because an explicit write of them begins or has just ended.
   *
   * @param mode - "soft" for a write that keeps the entries, so that stale ones may still be served. Default "hard".
   */
  fence(keys: readonly string[], mode?: Mode): void {
    this.lane.count++
    for (const key of keys) {
      this.flights.fence(key, mode)
      this.backoff.forget(key)
    }
  }

  /** Waits for what is under way, `ms` at most, then closes what the cache opened, once. */
  async retire(ms: number): Promise<void> {
    await this.busy.finish(ms)
    if (this.#closing) return ended([this.#closing], ms)
    this.#unobserve?.()
    const closing = attempt(
      () => this.source.owned && this.guard(() => this.store?.adapter.close?.(), ms, ""),
    )
    this.#closing = share(closing, 30_000)
    await closing
  }
}

function rethrow(error: unknown): never {
  throw error
}
