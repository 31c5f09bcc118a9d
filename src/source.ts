import { type Adapter, type Awaitable, assertAdapter, type Serializer } from "./adapter.ts"
import { chain, isPromise, quietly } from "./base/awaitable.ts"
import { aDuration, isRecord, judgeOptions, memoryRules, type Rule, type Rules, rule } from "./base/rules.ts"
import { type CodecOptions, codecFor } from "./codec/codec.ts"
import { codecRules } from "./codec/rules.ts"
import type { Resolved, Shared } from "./kit.ts"
import type { Source } from "./policy/opening.ts"
import type { Near } from "./store/near.ts"
import { Store } from "./store/store.ts"

/** Where values are stored, and how. */
export interface StorageOptions {
  /** An alias, or an adapter object (which `close()` leaves open). */
  readonly adapter?: string | Adapter | undefined
  /** Options of the alias. */
  readonly arguments?: object | undefined
  /** A memory tier in front. Default `false`, except with `auto`. */
  readonly near?: Near | undefined
  /** For values that JSON would lose. Default superjson. */
  readonly serializer?: Serializer | undefined
  /** Compress records above 1 kB (`true`), or as specified. Default `false`. */
  readonly compress?: CodecOptions["compress"] | false
  /** Encrypt records with AES-256-GCM. Default off. */
  readonly encrypt?: CodecOptions["encrypt"] | false
}

const near: Rules = { ...memoryRules, maxAge: aDuration }

/** The rules of {@link StorageOptions}. The members of a codec's options are checked when the codec is made. */
export const storageRules: Readonly<Record<keyof StorageOptions, Rule>> = {
  adapter: rule(isAdapterOrAlias, "an alias or an adapter"),
  arguments: rule(isRecord, "an object: the options of the alias"),
  near: rule(
    (value) =>
      typeof value === "boolean" ||
      (isRecord(value) &&
        ("get" in value ? isAdapterOrAlias(value) : judgeOptions(value, near, " of near") !== null)),
    "true, false, the bounds of a memory tier, or an adapter",
    "ADAPTER_OPTIONS",
  ),
  ...codecRules,
}

/** @throws {CacheError} `ADAPTER_OPTIONS` if an object is not an adapter. */
function isAdapterOrAlias(value: unknown): boolean {
  if (typeof value !== "string") assertAdapter(value, "An option")
  return true
}

/** The source of the storage that `options` describe. Nothing is opened or loaded before the first use. */
export function sourceOf(options: StorageOptions, shared: Shared): Source {
  const { adapter } = options
  const object = typeof adapter === "string" ? undefined : adapter
  const asked = options.near ?? false
  return {
    name: object ? object.name : String(adapter),
    // Tiers made from an adapter object and a near tier belong to the cache.
    owned: object === undefined || asked !== false,
    adapter: object,
    options,
    derive: (more) => sourceOf({ ...options, ...more }, shared),
    open(report) {
      const open = ({ adapter, near = false }: Resolved) =>
        chain(openHeard(adapter, report), () =>
          storeOf(adapter, object === undefined, options, options.near ?? near, report),
        )
      if (object) return open({ adapter: object })
      return chain(shared.resolve(String(adapter), options.arguments, report), (resolved) =>
        orClosed(resolved.adapter, () => open(resolved)),
      )
    },
  }
}

/** Runs `work`. If that fails, closes `adapter`, which an alias has made, so that nobody else would close it. */
export async function orClosed<T>(adapter: Adapter, work: () => Awaitable<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    quietly(() => adapter.close?.())
    throw error
  }
}

/** Opens `adapter`. Its reports go to `report` until then: there is no other listener yet. */
export function openHeard(adapter: Adapter, report: (error: unknown) => void): Awaitable<void> {
  const off = adapter.observe?.((event) => event.type === "error" && report(event.error))
  let opening: Awaitable<void> | undefined
  try {
    opening = adapter.open?.()
    return isPromise(opening) ? Promise.resolve(opening).finally(off) : opening
  } finally {
    if (!isPromise(opening)) off?.()
  }
}

/** The store over `adapter`, with a near tier in front if requested. One that is not `owned` is not closed. */
function storeOf(
  adapter: Adapter,
  owned: boolean,
  options: StorageOptions,
  near: Near,
  report: (error: unknown) => void,
): Awaitable<Store> {
  const { serializer, compress, encrypt } = options
  const codec: CodecOptions = {
    serializer,
    compress: compress || undefined,
    encrypt: encrypt || undefined,
    onTrouble: report,
  }
  if (near) {
    return import("./store/near.ts")
      .then(({ putNear, unclosed }) => putNear(owned ? adapter : unclosed(adapter), near, codec))
      .then((tiers) => chain(codecFor(tiers, { serializer }), (plain) => new Store(tiers, plain)))
  }
  const heard: Awaitable<Adapter> = adapter.bus
    ? import("./store/telling.ts").then(({ telling }) => telling(adapter, report))
    : adapter
  return chain(heard, (own) => chain(codecFor(own, codec), (made) => new Store(own, made)))
}
