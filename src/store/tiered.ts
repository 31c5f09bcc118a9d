import { type Adapter, type AdapterEvent, assertAdapter, type Serializer } from "../adapter.ts"
import { quietly } from "../base/awaitable.ts"
import type { Bus } from "../base/bus.ts"
import { type Duration, parseDuration } from "../base/duration.ts"
import { aDuration, aFunction, anything, having, judgeOptions, type Rule } from "../base/rules.ts"
import type { CodecOptions } from "../codec/codec.ts"
import { ownKeys } from "../codec/own-keys.ts"
import { codecRules } from "../codec/rules.ts"
import { Coder } from "./coder.ts"
import { Fences } from "./fences.ts"
import { Messages } from "./messages.ts"
import { NearCopies } from "./near-copies.ts"
import { Reads } from "./reads.ts"
import { Teller, telling } from "./telling.ts"
import { Tokens } from "./tokens.ts"
import { Writes } from "./writes.ts"

/** Options of {@link tiered}. */
export interface TieredOptions {
  /** The tier that is asked first, such as `memory()`. */
  readonly near: Adapter
  /** Where entries are stored. May itself be tiered. */
  readonly far: Adapter
  /** Tells other near tiers over the same storage what to drop. Default: far's own, if it has one. */
  readonly bus?: Bus | undefined
  /**
   * How long the near tier may lag behind other writers. Default 5 seconds; unlimited with a bus that loses no
   * messages.
   */
  readonly maxAge?: Duration | undefined
  /** For values that JSON would lose, in tiers that do not keep objects. Default superjson. */
  readonly serializer?: Serializer | undefined
  /** Compress the records of such tiers, and always those of `far`. Default off. */
  readonly compress?: CodecOptions["compress"]
  /** Encrypt the records of such tiers, and always those of `far`. Default off. */
  readonly encrypt?: CodecOptions["encrypt"]
  /** Called with errors that reach no caller: the near tier fails, a record cannot be read. */
  readonly onTrouble?: ((error: unknown) => void) | undefined
}

const rules: Readonly<Record<keyof TieredOptions, Rule>> = {
  near: anything,
  far: anything,
  bus: having(["publish", "subscribe"], "a Bus"),
  maxAge: aDuration,
  ...codecRules,
  onTrouble: aFunction,
}
const defaultAge = 5000

/**
 * Puts one adapter in front of another. The result is an adapter with the name and the abilities of `far`.
 *
 * Reads go to near first. What near lacks comes from far and is kept near for the rest of its life, for `maxAge` at
 * most. Writes go to far first; while one is pending, and when it fails, near has no copy of its key. Near may fail
 * without harm, and is not used if it cannot open. Version tokens read from far are remembered for `maxAge` at most,
 * too. An eviction in near loses no entry; its event says `tier: "near"`.
 *
 * A near tier that keeps objects holds the object itself; any other one, and far, hold an encoded record.
 *
 * @throws {CacheError} `ADAPTER_OPTIONS`, `TTL_INVALID` for invalid options.
 *
 * @example
 * ```ts
 * import { CacheWrapper } from "isocache"
 * import { memory } from "isocache/adapters/memory"
 * import { sqlite } from "isocache/adapters/sqlite"
 * import { tiered } from "isocache/tiers"
 *
 * const far = sqlite({ path: ":memory:" })
 * const cache = new CacheWrapper({ adapter: tiered({ near: memory(), far, maxAge: "1s" }) })
 * ```
 */
export function tiered(options: TieredOptions): Adapter {
  judgeOptions(options, rules, " of tiered()")
  const { near, serializer, compress, encrypt, onTrouble } = options
  assertAdapter(near, "tiered({ near })")
  assertAdapter(options.far, "tiered({ far })")
  const report = (error: unknown): void => quietly(() => onTrouble?.(error))
  const bus = options.bus ?? options.far.bus
  // Listeners on far's own bus rely on every writer, so it is notified besides the other bus.
  const far = bus === options.far.bus ? options.far : telling(options.far, report)
  const codec: CodecOptions = {
    serializer,
    compress,
    encrypt: encrypt && ownKeys(encrypt),
    onTrouble: report,
  }
  // A near tier that is itself tiered (it can `forget`) keeps only what can be encoded.
  const keepsObjects =
    near.medium === "object" && !near.forget && (near.copy === "clone" || near.copy === "none")
  // Any other near tier may outlive its process, and would miss messages until the next one starts.
  const hearsAll = bus !== undefined && bus.lossy !== true && keepsObjects
  const maxAge = parseDuration(options.maxAge ?? (hearsAll ? Infinity : defaultAge))

  const copies = new NearCopies(near, maxAge, keepsObjects ? undefined : new Coder(near, codec), report)
  const tokens = new Tokens(maxAge)
  const fences = new Fences()
  const teller = bus && new Teller(bus, report)
  const messages = new Messages(bus, { copies, tokens, fences }, report, teller)
  // What a near tier of copy "none" keeps is not copied, so it must not be the object that far holds.
  const tiers = {
    far,
    coder: new Coder(far, codec, near.copy === "none"),
    copies,
    tokens,
    fences,
    messages,
    teller,
  }
  const reads = new Reads(tiers)
  const writes = new Writes(tiers)

  async function open(): Promise<void> {
    messages.open()
    copies.open()
    await Promise.all([far.open?.(), tiers.coder.load()])
  }

  async function close(): Promise<void> {
    messages.close()
    // From here on nothing is notified of changes, so nothing is kept.
    tokens.clear("")
    fences.close()
    if (keepsObjects) await copies.clear("")
    await Promise.all([far.close?.(), near.close?.()])
  }

  async function prune(time: number): Promise<number> {
    await copies.prune(time)
    return (await far.prune?.(time)) ?? 0
  }

  return {
    name: far.name,
    medium: "object",
    // "clone" even if near makes its own copies: what comes from far goes to near and to a caller.
    copy: keepsObjects && near.copy === "none" ? "none" : "clone",
    get: (key) => reads.get(key),
    set: (key, record, ttl) => writes.set([key, record, ttl]),
    delete: (key) => writes.delete(key),
    clear: (prefix) => writes.clear(prefix),
    peek: (key, time) => reads.peek(key, time),
    forget: (keys) => reads.forget(keys),
    ...(maxAge > 0 && { tokenChanges: (time) => tokens.changes(time) }),
    open,
    close,
    ...(far.getMany && { getMany: (keys) => reads.getMany(keys) }),
    ...(far.setMany && { setMany: (entries) => writes.setMany(entries) }),
    ...(far.deleteMany && { deleteMany: (keys) => writes.deleteMany(keys) }),
    ...(far.add && { add: (key, record, ttl) => writes.add([key, record, ttl]) }),
    ...(far.keys && { keys: (prefix) => far.keys?.(prefix) ?? [] }),
    ...(far.lock && { lock: (key, ttl) => far.lock?.(key, ttl) }),
    ...(far.prune && { prune }),
    ...((near.observe || far.observe) && {
      observe: (listener: (event: AdapterEvent) => void) => observeBoth(near, far, listener),
    }),
  }
}

/**
 * Observes both; `tier` tells which one reports. A separate function: closures of one function share what any of them
 * references, and far may outlive the tier in front of it.
 */
function observeBoth(near: Adapter, far: Adapter, listener: (event: AdapterEvent) => void): () => void {
  const ends = [
    near.observe?.((event) => listener({ ...event, tier: "near" })),
    far.observe?.((event) => listener({ ...event, tier: "far" })),
  ]
  return () => {
    for (const end of ends) end?.()
  }
}
