import { type Adapter, type Awaitable, assertAdapter } from "./adapter.ts"
import type { WaitUntil } from "./base/alive.ts"
import { CacheError, closed, misuse } from "./base/errors.ts"
import { type CacheEventType, type EventOf, eventTypes } from "./base/events.ts"
import { aFunction, isRecord, judgeOptions, type Rules, rule } from "./base/rules.ts"
import { scrub } from "./base/scrub.ts"
import { checkAdapter, engineOf, retire, sameStorage, storageOf } from "./homes.ts"
import { type Kit, type Resolved, type Shared, settingsOf } from "./kit.ts"
import type { Metrics } from "./policy/counters.ts"
import { Hub, type OnError } from "./policy/hub.ts"
import { standIn } from "./policy/opening.ts"
import { defaultPolicy, type LoadOptions, resolvePolicy, type StandardSchemaV1 } from "./policy/options.ts"
import { Place } from "./policy/place.ts"
import { ended, isWorker, scopeOf, share } from "./policy/scope.ts"
import { Region } from "./region.ts"
import type { RegionOptions } from "./regions.ts"
import { type StorageOptions, sourceOf, storageRules } from "./source.ts"
import { lasting } from "./writing.ts"

/** Options of a cache: its storage, and the defaults of calls. */
export interface CacheOptions extends Omit<LoadOptions<never>, "schema">, StorageOptions {
  /** See {@link LoadOptions.schema}. Default none. */
  readonly schema?: StandardSchemaV1<unknown, unknown> | undefined
  /** Separates its keys from those of other caches in the same storage. Default none. */
  readonly prefix?: string | undefined
  /** Called for each `error` event. */
  readonly onError?: OnError | undefined
  /** Options of its regions by name, as settings provide them. `region(name, options)` has better types. */
  readonly regions?: { readonly [name: string]: RegionOptions<unknown, never> } | undefined
}

/** Options of `use` beside an adapter: a near tier for it, and codecs that replace those of the cache. */
export type UseOptions = Omit<StorageOptions, "adapter" | "arguments">

/**
 * An asynchronous cache over a storage. Swap the storage, and the behaviour stays the same.
 *
 * Nothing is opened or loaded before the first use. This class takes adapter objects only; the one of the root entry
 * also takes aliases.
 *
 * @example
 * ```ts
 * import { CacheWrapper } from "isocache/core"
 * import { memory } from "isocache/adapters/memory"
 *
 * const cache = new CacheWrapper({ adapter: memory(), ttl: "10m" })
 * await cache.set("greeting", "hello")
 * await cache.get("greeting") // "hello"
 * ```
 */
export class CacheWrapper extends Region {
  /**
   * Creates an independent cache. Opens nothing yet.
   *
   * @throws {CacheError} `OPTION_INVALID`, `TTL_INVALID`, `ADAPTER_OPTIONS`, `ADAPTER_UNKNOWN` for invalid options.
   */
  constructor(options: CacheOptions = {}) {
    const policy = resolvePolicy(defaultPolicy, options, rules)
    const { prefix = "", onError, regions = {} } = options
    const hub = new Hub()
    hub.onError = onError
    const shared: Shared = {
      regions: new Map(),
      engines: new Set(),
      engine: undefined,
      closing: undefined,
      names: new Map(),
      scope: scopeOf,
      check: (alias, own) => this.check(alias, own),
      resolve: (alias, own, report) => this.load(alias, own, report),
    }
    const home = () => {
      if (shared.engine) return shared.engine
      throw closed()
    }
    const settings = settingsOf(home, policy)
    super({ place: Place.root(prefix), path: "", hub, shared, settings, scope: scopeOf })
    const adapter = options.adapter ?? this.standard()
    checkAdapter(shared, adapter, options.arguments)
    shared.engine = engineOf(this.kit, sourceOf(storageOf({ ...options, adapter }), shared))
    for (const [name, own] of Object.entries(regions)) this.region(name, own)
  }

  /**
   * Swaps the storage. The new one opens on first use; calls in progress finish on the old one.
   *
   * `encrypt`, `compress` and `serializer` stay as they were unless given; `false` turns the first two off. `near`
   * belongs to the storage it was given with: give it again for the new one.
   *
   * @throws {CacheError} `ADAPTER_OPTIONS`, `ADAPTER_UNKNOWN`, `OPTION_INVALID`, `CLOSED`; synchronously.
   * @example cache.use(memory({ maxEntries: 1000 }))
   */
  use(adapter: string | Adapter, options: UseOptions & { readonly [option: string]: unknown } = {}): this {
    const { shared } = this.kit
    if (!shared.engine) throw closed()
    if (!isRecord(options)) throw misuse("The options of use() must be an object.")
    const { near, serializer, compress, encrypt, ...own } = options
    const storage = storageOf({ near, serializer, compress, encrypt })
    judgeOptions(storage, storageRules, "", "OPTION_INVALID")
    // If the adapter is missing, the error lists the known names.
    if (adapter === undefined) this.check(adapter, own)
    if (typeof adapter !== "string") assertAdapter(adapter, "use()")
    checkAdapter(shared, adapter, own)
    const old = shared.engine
    const source = old.source.derive({ near: undefined, ...storage, adapter, arguments: own })
    if (this.outlasts(adapter) && sameStorage(storageOf(source.options), storageOf(old.source.options)))
      return this
    shared.engine = engineOf(this.kit, source)
    // Regions with a storage derived from this one follow now, not on their next call.
    for (const { kit } of shared.regions.values()) if (kit.settings.ownsHome) kit.settings.home()
    retire(this.kit, old, source)
    return this
  }

  /**
   * The adapter in use; a stand-in of the same name until an alias is open. The cache closes the adapter of an alias,
   * in `close()` or `use()`; to put a proxy around one, create it yourself.
   */
  get adapter(): Adapter {
    const engine = this.kit.settings.home()
    return engine.store?.adapter ?? engine.source.adapter ?? standIn(engine)
  }

  /**
   * Opens the storage and reads from it once, to check that it works.
   *
   * @throws {CacheError} `ADAPTER_UNAVAILABLE` if it cannot be used, `STORE_TIMEOUT`.
   * @example await cache.ready()
   */
  async ready(): Promise<this> {
    const engine = this.kit.settings.home()
    const { storeTimeout } = this.kit.settings.policy
    const store = await engine.opened(storeTimeout)
    await engine.guard(() => engine.versions(store).read(this.kit.place.versionKeys), storeTimeout, "")
    return this
  }

  /**
   * A view of this cache bound to a request: work that goes on after its caller was answered is passed to
   * `context.waitUntil`. This cache is not changed.
   *
   * @example const news = await cache.bind(ctx).getOrSet("news", fetchNews, { grace: "1h", softTimeout: 0 })
   */
  bind(context: WaitUntil): this {
    if (typeof context?.waitUntil !== "function") {
      throw misuse("bind takes the context of a request: an object with waitUntil.")
    }
    const bound: Kit = { ...this.kit, scope: () => scopeOf(context), views: new Map() }
    return Object.create(Object.getPrototypeOf(this), { kit: { value: bound } })
  }

  /**
   * Calls `listener` for events of `type`, or all (`"*"`). Returns a function that stops it.
   *
   * @example const off = cache.on("error", ({ key, error }) => console.error(key, error))
   */
  on<T extends CacheEventType | "*">(type: T, listener: (event: EventOf<T>) => void): () => void {
    if (typeof listener !== "function") throw misuse("A listener must be a function of the event.")
    if (!eventTypes.split(" ").includes(type))
      throw misuse(
        `There is no event ${typeof type === "string" ? `"${type}"` : `of type ${typeof type}`}. Known: ${eventTypes}.`,
      )
    // A listener is called only with events of its type.
    return this.kit.hub.events.on(type, listener as Parameters<Hub["events"]["on"]>[1])
  }

  /**
   * This cache's counts since it was made.
   *
   * @example const { hits, loads, hitRatio } = cache.metrics()
   */
  metrics(): Metrics {
    return this.kit.hub.read()
  }

  /**
   * Closes this cache: loads in progress are no longer stored, and what aliases opened is closed. Idempotent.
   *
   * Waits for what is under way, `storeTimeout` at most, and then as long for the storages to close.
   *
   * @throws {CacheError} `STORE_TIMEOUT` if a storage takes longer to close, or the error of one that cannot be closed.
   * @example await cache.close()
   */
  close(): Promise<void> {
    const { shared, settings } = this.kit
    const ms = settings.policy.storeTimeout
    // On Workers the promise of another request may have died with it.
    if (shared.closing) return isWorker() ? ended([shared.closing], ms) : shared.closing.promise
    shared.engine = undefined
    const closing = Promise.all(
      [...shared.engines].map((engine) => {
        engine.flights.end()
        return engine.retire(ms)
      }),
    ).then(() => {})
    shared.closing = share(closing, 2 * ms)
    lasting(this.kit, closing)
    return closing
  }

  /** As {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** The alias that is used without an adapter. */
  protected standard(): string {
    return ""
  }

  /** Rejects an alias or options that do not exist. */
  protected check(alias: string, _options: object | undefined): void {
    if (alias === "") return
    throw new CacheError(
      "ADAPTER_UNKNOWN",
      `No adapter is called ${JSON.stringify(scrub(alias))}: isocache/core knows no aliases. Pass an adapter object, or import from isocache.`,
    )
  }

  /**
   * Whether the storage of an alias lies outside of its adapter: another adapter with the same options then shares it.
   */
  protected outlasts(_adapter: unknown): boolean {
    return false
  }

  /** Loads the adapter of an alias. */
  protected load(
    _alias: string,
    _options: object | undefined,
    _report: (error: unknown) => void,
  ): Awaitable<Resolved> {
    throw new CacheError(
      "ADAPTER_UNAVAILABLE",
      "This cache has no adapter. Pass one: new CacheWrapper({ adapter: memory() }).",
    )
  }
}

const rules: Rules = {
  ...storageRules,
  prefix: rule((value) => typeof value === "string", "a text"),
  onError: aFunction,
  regions: rule(isRecord, "a record of options by name"),
}
