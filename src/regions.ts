import type { Awaitable } from "./adapter.ts"
import { CacheError, misuse } from "./base/errors.ts"
import { aFunction, anything, type Rules, rule } from "./base/rules.ts"
import { checkAdapter, ownHome, retire, sameStorage, storageOf } from "./homes.ts"
import type { KeyLike } from "./key.ts"
import { type Generator, type Kit, type Known, settingsOf, withPolicy } from "./kit.ts"
import type { OnError } from "./policy/hub.ts"
import { type LoadOptions, type Policy, resolvePolicy } from "./policy/options.ts"
import { escapeName } from "./policy/place.ts"
import { type StorageOptions, storageRules } from "./source.ts"

/** Options of a region. Those it leaves out are inherited from its cache, except for the members below. */
export interface RegionOptions<V, A> extends LoadOptions<V>, StorageOptions {
  /**
   * Makes a missing value from the argument, so that reads load. It receives a copy of the argument as it was at the
   * call. With `key` it receives the object itself, and the load rejects with `ARGUMENT_CHANGED` if that has changed in
   * the meantime.
   */
  readonly generate?: Generator<V, A> | undefined
  /**
   * Called by `set` before the cache is written, and by `setMany` for one key after the other. If it fails, the cache
   * stays as it was. If the cache fails after it, the cache's old entry is removed.
   */
  readonly writeThrough?: ((key: A, value: V) => Awaitable<unknown>) | undefined
  /** Separates its keys from those of other regions. Default: its name. */
  readonly prefix?: string | undefined
  /**
   * Makes a key from the argument. Default: strings and segments as they are, anything else by its canonical text, such
   * as `~42`.
   */
  readonly key?: ((argument: A) => KeyLike) | undefined
  /** Called for each `error` event of this region, instead of the cache's `onError`. */
  readonly onError?: OnError | undefined
  /** Replace options that were given before; the data stays. Default `false`. */
  readonly replace?: boolean | undefined
}

const rules: Rules = {
  ...storageRules,
  generate: aFunction,
  writeThrough: aFunction,
  key: aFunction,
  onError: aFunction,
  replace: anything,
  prefix: rule(isName, "a text of 1 to 1024 characters"),
}

/** Finds or creates the region `name` below `parent`. `options` may be given once. */
export function regionKit(
  parent: Kit,
  name: string,
  options: object | undefined,
  make: (kit: Kit) => object,
): object {
  if (!isName(name)) throw misuse("The name of a region must be a text of 1 to 1024 characters.")
  const { shared, hub, scope, views } = parent
  const path = `${parent.path}${escapeName(name)}:`
  let known = shared.regions.get(path)
  const isNew = known === undefined
  if (!known) {
    const kit = {
      place: parent.place.region(name),
      path,
      hub,
      shared,
      scope: shared.scope,
      settings: settingsOf(() => parent.settings.home(), parent.settings.policy),
    }
    known = { kit, face: make(kit), name, parent, options: undefined }
    inherit(known)
    shared.regions.set(path, known)
  }
  if (options !== undefined) configure(known, options, isNew)
  if (!views) return known.face
  // A bound view has its own regions over the same settings; their place may move.
  const { kit } = known
  const face =
    views.get(path) ??
    make({
      ...kit,
      scope,
      views,
      get place() {
        return kit.place
      },
    })
  views.set(path, face)
  return face
}

function isName(name: unknown): boolean {
  return typeof name === "string" && name !== "" && name.length <= 1024
}

/** Sets the function that makes a region's missing values. */
export function setGenerator({ settings }: Kit, generator: unknown): void {
  if (typeof generator !== "function")
    throw misuse("A generator must be a function of the argument and the context.")
  settings.generate = generator as Generator<unknown, unknown> // Its region determines the types.
}

function configure(known: Known, given: object, isNew: boolean): void {
  const { kit, name, parent } = known
  const { settings, shared } = kit
  // Typed by the region's public type; inside, arguments and values are unknown.
  const options = given as RegionOptions<unknown, unknown>
  const storage = check(known, options)
  if (known.options && !options.replace) {
    throw new CacheError(
      "REGION_CONFIGURED",
      `The region ${JSON.stringify(name)} already has options. Pass them once, or with replace: true.`,
    )
  }
  const before = isNew || !shared.engine ? undefined : settings.home()
  const { ownsHome } = settings
  const isSame = sameStorage(storage, storageOf(known.options ?? {}))
  known.options = { ...options, ...storage }
  const { generate = settings.generate, writeThrough, key } = options
  Object.assign(settings, { generate, writeThrough, toKey: key })
  if (!isSame) {
    settings.ownsHome = Object.keys(storage).length > 0
    settings.home = settings.ownsHome ? ownHome(known, storage) : () => parent.settings.home()
    // In the same storage, earlier loads would overwrite what is written from now on.
    before?.flights.fenceOwnWhere(({ key }) => kit.place.holds(key))
    if (before && ownsHome) retire(kit, before)
  }
  if (isNew) inherit(known)
  // Inner regions may exist already.
  else for (const [path, other] of shared.regions) if (path.startsWith(kit.path)) inherit(other)
}

/** Rejects invalid options; returns those of the storage. */
function check({ parent }: Known, options: RegionOptions<unknown, unknown>): StorageOptions {
  resolvePolicy(parent.settings.policy, options, rules)
  const storage = storageOf(options)
  const { shared, settings } = parent
  // Once the cache is closed there is nothing to inherit.
  const inherited = shared.engine && storage.arguments && settings.home().source
  const adapter = storage.adapter ?? inherited?.adapter ?? inherited?.name
  if (adapter !== undefined) checkAdapter(shared, adapter, storage.arguments)
  return storage
}

/** Applies what a region inherits from its parent, with its own options over it. */
function inherit({ kit, name, parent, options }: Known): void {
  const { hub, place } = parent
  const { prefix, onError = hub.onErrors.get(place.base) }: RegionOptions<unknown, unknown> = options ?? {}
  kit.place = place.region(name, prefix)
  Object.assign(kit.settings, withPolicy(resolvePolicy(parent.settings.policy, options, rules)), {
    hot: undefined,
  })
  hub.onErrors.set(kit.place.base, onError)
}

/**
 * The kit of memoized functions: with their own values and keys, and with their own `options` over those of the region.
 * It follows if these are set later.
 */
export function bareKit(kit: Kit, options: object | undefined, also: Rules | undefined): Kit {
  let base: Policy | undefined
  let own = withPolicy(kit.settings.policy)
  const follow = () => {
    const { policy } = kit.settings
    if (policy !== base) own = withPolicy(resolvePolicy(policy, options, also))
    base = policy
    return own
  }
  const none = { value: undefined }
  const settings: object = Object.create(kit.settings, {
    generate: none,
    writeThrough: none,
    toKey: none,
    hot: { ...none, writable: true },
    policy: { get: () => follow().policy },
    reading: { get: () => follow().reading },
    isPlain: { get: () => follow().isPlain },
  })
  return Object.create(kit, { settings: { value: settings } })
}
