import type { Adapter } from "../adapter.ts"
import { type Awaitable, attempt, chain, isPromise } from "../base/awaitable.ts"
import { now } from "../base/clock.ts"
import type { MissReason } from "../base/errors.ts"
import type { Kept } from "../entry.ts"
import type { Store } from "../store/store.ts"
import { type Flight, Flights } from "./flights.ts"
import { type Hub, lateStorage } from "./hub.ts"
import type { Policy } from "./options.ts"
import type { Place } from "./place.ts"
import { within } from "./timeout.ts"
import { compare, isRenewed, Versions } from "./versions.ts"

/** Where a storage comes from: an adapter that was passed in, or an alias that is loaded on first use. */
export interface Source {
  readonly name: string
  /** The adapter, where it is known without loading. */
  readonly adapter?: Adapter
  /** Whether the cache opened it, and so closes it. */
  readonly owned: boolean
  open(report: (error: unknown) => void): Awaitable<Store>
  /** The same adapter with other options. */
  derive(options: object): Source
}

/** What a read found. */
export interface Found {
  /** The entry, in whatever state. */
  readonly kept: Kept | undefined
  /** Until when a soft invalidation lets it be fresh. */
  readonly limit: number
  /** Why there is none. */
  readonly reason: MissReason
  /** The versions it was judged by, those of the load's tags behind; `undefined` where they could not be read. */
  readonly versions: readonly string[] | undefined
  /** What the storage failed with, when that is the reason. */
  readonly error?: unknown
}

/** One storage and all that is under way on it: flights, writes, failed loads. */
export class Engine {
  readonly hub: Hub
  readonly source: Source
  readonly flights: Flights = new Flights()
  /** Open and ready for synchronous use. */
  store: Store | undefined
  readonly #writes = new Map<string, Promise<unknown>>()
  #barrier: Promise<unknown> | undefined
  #opening: Promise<Store> | undefined
  #versions: Versions | undefined
  #unobserve: (() => void) | undefined
  /** Counts explicit writes, so that a slow reader does not remove what was written meanwhile. */
  #written = 0
  #busy = 0
  #idle: (() => void) | undefined

  constructor(source: Source, hub: Hub) {
    this.source = source
    this.hub = hub
  }

  /** The versions of regions and tags in this storage; only once it is open. */
  versions(store: Store): Versions {
    this.#versions ??= new Versions(store.adapter)
    return this.#versions
  }

  /** Opens the storage, once for all callers where promises may be shared. Throws or rejects when it cannot. */
  open(shares = true): Awaitable<Store> {
    if (this.store) return this.store
    if (this.#opening && shares) return this.#opening
    const opened = this.source.open((error) => this.hub.trouble(undefined, "", error))
    if (!isPromise(opened)) return this.#use(opened)
    const opening = this.track(opened.then((store) => this.#use(store)))
    this.#opening = opening
    const over = () => {
      if (this.#opening === opening) this.#opening = undefined
    }
    opening.then(over, over)
    return opening
  }

  /** The open storage, waited for as long as an operation may take; then rejects with `STORE_TIMEOUT`. */
  opened(ms: number): Awaitable<Store> {
    return this.store ?? this.guard(() => this.open(), ms, "")
  }

  #use(store: Store): Store {
    if (this.store) return this.store
    this.store = store
    this.#unobserve = store.adapter.observe?.((event) => {
      if (event.type === "evict") this.onEvict(event.key)
      else this.hub.trouble(undefined, event.key ?? "", event.error)
    })
    return store
  }

  /** Told of evictions, by storage key. */
  onEvict: (key: string) => void = () => {}

  /** Waits for a storage operation, `ms` at most; then rejects with `STORE_TIMEOUT`. */
  guard<T>(work: () => Awaitable<T>, ms: number, key: string): Awaitable<T> {
    const result = work()
    return isPromise(result)
      ? this.track(
          within(result, ms, () => {
            throw lateStorage(key, ms)
          }),
        )
      : result
  }

  /**
   * The entry at `key`, judged by the versions of its regions and tags, and the versions of the load's tags besides.
   * Never rejects: trouble is an `error` event and a miss. Junk is removed. With `fresh`, only the versions are read.
   *
   * @param known - What the storage has just said, where it answers at once.
   */
  async read(place: Place, key: string, policy: Policy, known?: Kept | MissReason): Promise<Found> {
    try {
      const store = this.store ?? (await this.opened(policy.storeTimeout))
      const found = this.guard(() => this.#find(store, place, key, policy, known), policy.storeTimeout, key)
      return isPromise(found) ? await found : found
    } catch (error) {
      return this.#lost(place, place.own(key) ?? key, error)
    }
  }

  /** As {@link read}, for many keys in one round trip where the adapter can. */
  async readMany(place: Place, keys: readonly string[], policy: Policy): Promise<Found[]> {
    try {
      const store = this.store ?? (await this.opened(policy.storeTimeout))
      return await this.guard(() => this.#findMany(store, place, keys, policy), policy.storeTimeout, "")
    } catch (error) {
      const lost = this.#lost(place, "", error)
      return keys.map(() => lost)
    }
  }

  #lost(place: Place, name: string, error: unknown): Found {
    this.hub.trouble(place, name, error)
    return { kept: undefined, limit: 0, reason: "unavailable", versions: undefined, error }
  }

  /** What is known of `key` at once, in whatever state; `undefined` where that takes I/O. */
  peek(place: Place, key: string): Found | undefined {
    const { store } = this
    try {
      const kept = store?.peek(key)
      if (!store || !kept) return undefined
      const tokens = this.versions(store).peek(place.names(kept.tags))
      const limit = tokens ? compare(kept.marks, tokens) : Number.NEGATIVE_INFINITY
      return { kept, limit, reason: "expired", versions: tokens }
    } catch {
      return undefined // A storage that fails knows nothing at once.
    }
  }

  #find(store: Store, place: Place, key: string, policy: Policy, known: Kept | MissReason | undefined): Awaitable<Found> {
    const written = this.#written
    // Asked for first, so that a batching adapter puts both into one request.
    const tokens = this.versions(store).read(place.names(policy.tags))
    const read = () => (policy.fresh ? "absent" : (known ?? store.read(key)))
    // A storage may throw at once although it answers later: then nothing that is under way may reject unheard.
    const kept = isPromise(tokens) ? attempt(read) : read()
    const judge = (late: Kept | MissReason, read: readonly string[]): Awaitable<Found> => {
      if (typeof late === "string") return this.#nothing(store, place, key, late, read, written)
      return chain(this.versions(store).judge(late, place.versions, (tag) => place.tag(tag), read), (limit) => foundIn(late, limit, read))
    }
    if (isPromise(kept) || isPromise(tokens)) return Promise.all([kept, tokens]).then(([late, read]) => judge(late, read))
    return judge(kept, tokens)
  }

  async #findMany(store: Store, place: Place, keys: readonly string[], policy: Policy): Promise<Found[]> {
    const written = this.#written
    const versions = this.versions(store)
    const [tokens, all] = await Promise.all([versions.read(place.names(policy.tags)), store.readMany(keys)])
    // One batched read for the tags of all of them.
    const tags = [...new Set(all.flatMap((kept) => (typeof kept === "string" ? [] : kept.tags)))]
    const ofTags = tags.length > 0 ? await versions.read(tags.map((tag) => place.tag(tag))) : []
    const at = new Map(tags.map((tag, i) => [tag, 2 * i]))
    const regions = tokens.slice(0, 2 * place.versions.length)
    const judged = all.map((kept, i) => {
      if (typeof kept === "string") return this.#nothing(store, place, keys[i] ?? "", kept, tokens, written)
      const own = kept.tags.flatMap((tag) => ofTags.slice(at.get(tag), (at.get(tag) ?? 0) + 2))
      return foundIn(kept, compare(kept.marks, [...regions, ...own]), tokens)
    })
    return Promise.all(judged)
  }

  /** Tells that there is no entry. Junk is removed, unless somebody may have written a good one meanwhile. */
  #nothing(store: Store, place: Place, key: string, reason: MissReason, versions: readonly string[], written: number): Awaitable<Found> {
    const nothing: Found = { kept: undefined, limit: 0, reason, versions }
    if (reason !== "corrupt") return nothing
    const own = place.own(key) ?? key
    this.hub.trouble(place, own, new Error("The storage held something that is no entry; it was removed."))
    if (written !== this.#written) return nothing
    const tell = () => nothing
    return attempt(() => this.ordered([key], Number.POSITIVE_INFINITY, () => store.adapter.delete(key))).then(tell, tell)
  }

  /**
   * Whether regions or tags of `flight`, or of the entry it is to replace, were invalidated since it captured them;
   * then it is fenced.
   */
  async isBehind(flight: Flight, place: Place, ms: number): Promise<boolean> {
    const { versions, names, found } = flight
    if (!this.store || !versions || flight.fenced) return flight.fenced
    try {
      const store = this.store
      const { kept, limit } = found ?? {}
      const old = kept?.tags.map((tag) => place.tag(tag)) ?? []
      const tokens = await this.guard(() => this.versions(store).read([...names, ...old]), ms, flight.key)
      const isOld = kept && limit !== compare(kept.marks, [...tokens.slice(0, 2 * place.versions.length), ...tokens.slice(2 * names.length)])
      if (!isOld && !versions.some((version, i) => isRenewed(version, tokens[i] ?? ""))) return false
      if (this.flights.get(flight.key) === flight) this.flights.fence(flight.key)
      return true
    } catch {
      return false // The storage is lost; that blocks nobody.
    }
  }

  /** Says that explicit writes of `keys` begin or have just ended: flights are beaten. */
  fence(keys: readonly string[]): void {
    this.#written++
    for (const key of keys) {
      this.flights.fence(key)
      this.backoff.delete(key)
    }
  }

  /** When a key whose load failed may be tried again, and how long it waits then. */
  readonly backoff: Map<string, { readonly until: number; readonly delay: number }> = new Map()

  /** Notes that the load of `key` failed while a stale value was there: one attempt per back-off, 1 to 30 seconds. */
  failed(key: string): void {
    const delay = Math.min(30_000, 2 * (this.backoff.get(key)?.delay ?? 500))
    this.backoff.delete(key)
    this.backoff.set(key, { until: now() + delay, delay })
    // Bounded like everything here: the oldest goes.
    if (this.backoff.size > 10_000) for (const oldest of this.backoff.keys()) return void this.backoff.delete(oldest)
  }

  /**
   * Runs `work` after the writes of the same keys that are under way, so that a slow storage cannot swap them.
   * A write that hangs holds back the next one for `ms` at most. Work of several steps must end when it is late.
   */
  ordered<T>(keys: readonly string[], ms: number, work: (isLate: () => boolean) => Awaitable<T>): Awaitable<T> {
    this.#written++
    let isLate = false
    const before = this.#barrier ? [this.#barrier] : []
    if (this.#writes.size > 0) {
      for (const key of keys) {
        const write = this.#writes.get(key)
        if (write) before.push(write)
      }
    }
    const guarded = () => this.guard(() => work(() => isLate), ms, keys.length === 1 ? (keys[0] ?? "") : "")
    const result =
      before.length > 0 ? within(Promise.all(before), ms, () => undefined).then(guarded) : guarded()
    if (!isPromise(result)) return result
    const tail = result.then(ignore, () => {
      isLate = true
    })
    for (const key of keys) this.#writes.set(key, tail)
    tail.then(() => {
      for (const key of keys) if (this.#writes.get(key) === tail) this.#writes.delete(key)
    })
    return result
  }

  /** Runs `work` alone: after all writes under way, before all that come. */
  async alone<T>(ms: number, work: () => Awaitable<T>): Promise<T> {
    const before = [...this.#writes.values(), ...(this.#barrier ? [this.#barrier] : [])]
    const result = within(Promise.all(before), before.length > 0 ? ms : Number.POSITIVE_INFINITY, () => undefined).then(
      () => this.guard(work, ms, ""),
    )
    const tail = result.then(ignore, ignore)
    this.#barrier = tail
    try {
      return await result
    } finally {
      if (this.#barrier === tail) this.#barrier = undefined
    }
  }

  /**
   * Lets what is under way finish, `ms` at most, then closes what the cache opened.
   */
  async retire(ms: number): Promise<void> {
    if (this.#busy > 0) {
      const idle = new Promise<void>((resolve) => {
        this.#idle = resolve
      })
      await within(idle, ms, () => undefined)
    }
    this.#unobserve?.()
    if (this.source.owned) await this.store?.adapter.close?.()
  }

  /** Counts `work` as under way until it settles. */
  track<T>(work: Promise<T>): Promise<T> {
    this.#busy++
    const over = () => {
      if (--this.#busy === 0) this.#idle?.()
    }
    work.then(over, over)
    return work
  }
}

function foundIn(kept: Kept, limit: number, versions: readonly string[]): Found {
  if (limit === Number.NEGATIVE_INFINITY) return { kept: undefined, limit, reason: "invalidated", versions }
  return { kept, limit, reason: "expired", versions }
}

function ignore(): void {}
