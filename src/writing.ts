import { type Awaitable, tokenMark } from "./adapter.ts"
import { attempt, hush } from "./base/awaitable.ts"
import { argumentChanged, misuse } from "./base/errors.ts"
import { isObject } from "./base/kind.ts"
import { isRecord, judgeOptions, oneOf } from "./base/rules.ts"
import { reach } from "./homes.ts"
import { isStillNamed, type KeyLike } from "./key.ts"
import type { Kit } from "./kit.ts"
import { tell } from "./policy/draft.ts"
import { snapshot } from "./policy/entries.ts"
import { type Policy, resolvePolicy, type WriteOptions } from "./policy/options.ts"
import { isWorker } from "./policy/scope.ts"
import { invalidateByTags } from "./policy/sweep.ts"
import type { Mode } from "./policy/tokens.ts"
import { type Item, removeAll, setAll, type Target } from "./policy/write.ts"
import { nameOf, ownOf } from "./reading.ts"

/** On Workers, keeps the request alive until `work` is done, even if the caller does not wait for it. */
export function lasting<T>(kit: Kit, work: Promise<T>): Promise<T> {
  if (isWorker()) kit.scope().background?.(work)
  return work
}

/**
 * Runs `act` on all storages that a cache or region reaches, starting all at once; if one fails, the others go on.
 * `event` is emitted when all have succeeded. `isWhole`: the whole cache is affected.
 */
export async function everywhere(
  kit: Kit,
  act: (target: Target) => Awaitable<unknown>,
  event?: () => void,
  isWhole?: boolean,
): Promise<void> {
  const engine = kit.settings.home()
  const targets = reach(kit, isWhole)
  const acts = targets.map((target) => attempt(() => act(target)))
  await lasting(kit, Promise.allSettled(acts))
  // Several may share one storage: then a near tier remembers versions that another of them has renewed.
  if (event && acts.length > 1)
    await Promise.allSettled(
      targets.map((target) => attempt(() => target.engine.store?.adapter.forget?.([tokenMark]))),
    )
  await Promise.all(acts)
  if (event) tell(engine, event)
}

/** A key and its value, optionally with options of its own. */
export type ManyEntry = readonly [key: KeyLike, value: unknown, options?: WriteOptions | undefined]

/** What `setMany` takes: pairs, a Map, or a record. */
export type ManyEntries = Iterable<ManyEntry> | { readonly [key: string]: unknown }

/** How an invalidation ends entries: "hard" (the default) for good; "soft" expires them. */
export interface InvalidateOptions {
  /** Default "hard". */
  readonly mode?: "hard" | "soft" | undefined
}

/** Replaces one value; as {@link setMany} if the region writes through. */
export function setOne(
  kit: Kit,
  key: KeyLike,
  value: unknown,
  options: WriteOptions | undefined,
): Promise<void> {
  if (kit.settings.writeThrough) return setMany(kit, [[key, value, options]], undefined)
  return attempt(() => {
    const policy = resolvePolicy(kit.settings.policy, options)
    return setAll(toTarget(kit, policy), [{ name: nameOf(kit, key), value, policy }])
  })
}

/**
 * Replaces many values. If the region writes through, its setter is called for each in turn, with the value as it was
 * at the call, and then that one is stored. If the setter fails for one, those before it are stored; that one and those
 * after it stay as they were. In a batch the setters are called at the end.
 */
export async function setMany(
  kit: Kit,
  entries: ManyEntries,
  options: WriteOptions | undefined,
): Promise<void> {
  const shared = resolvePolicy(kit.settings.policy, options)
  const target = toTarget(kit, shared)
  const { engine } = target
  const { writeThrough } = kit.settings
  const items = pairsOf(entries).map(([given, value, own]) => {
    const name = nameOf(kit, given)
    const policy = resolvePolicy(shared, own)
    if (!writeThrough) return { name, value, policy }
    const [key, kept] = [ownOf(kit, given), snapshot(engine, value)]
    const through = () => {
      // A key that could not be copied may have changed by now.
      if (!isStillNamed(name, () => nameOf(kit, key))) throw argumentChanged("a setter", name)
      return writeThrough(key, snapshot(engine, kept))
    }
    return { name, value: kept, policy, through }
  })
  const { draft } = engine
  if (!writeThrough || draft) {
    await setAll(target, lastOfEach(items))
    for (const { through } of items) if (through) draft?.through(through)
    return
  }
  const writes: Promise<void>[] = []
  try {
    for (const item of items) {
      await item.through?.()
      // Stored before the next setter is called: values set by others meanwhile reach both the origin and the cache
      // after it.
      const write = setAll(target, [item]).catch(async (error) => {
        // The origin has the new value: the old one must not stay in the cache.
        await removeAll(target, [item.name]).catch(() => {})
        throw error
      })
      hush(write) // Handled below.
      writes.push(write)
    }
  } finally {
    await Promise.all(writes)
  }
}

/** Ends every entry with one of the tags; the mode is an optional last argument. */
export async function endTags(kit: Kit, given: readonly (string | InvalidateOptions)[]): Promise<void> {
  const last = given.at(-1)
  const hasOptions = isRecord(last)
  const mode = modeOf(hasOptions ? last : undefined)
  const tags = given.slice(0, hasOptions ? -1 : undefined).map((tag) => {
    if (typeof tag === "string") return tag
    throw misuse("Tags must be strings, each a separate argument; options come last.")
  })
  const { hub, place } = kit
  await everywhere(
    kit,
    (target) => invalidateByTags(target, tags, mode),
    () => hub.invalidated(place, mode, tags),
    true,
  )
}

/** The mode in `options`. */
export function modeOf(options: InvalidateOptions = {}): Mode {
  judgeOptions(options, { mode: oneOf("hard", "soft") }, " of an invalidation", "OPTION_INVALID")
  return options.mode ?? "hard"
}

/** The target of an explicit write in this region. */
export function toTarget({ settings, place }: Kit, policy: Policy = settings.policy): Target {
  return { engine: settings.home(), place, policy }
}

function pairsOf(entries: ManyEntries): readonly ManyEntry[] {
  if (isObject(entries)) {
    const pairs: readonly ManyEntry[] = isIterable(entries) ? [...entries] : Object.entries(entries)
    if (pairs.every((pair) => Array.isArray(pair) && pair.length >= 2)) return pairs
  }
  throw misuse("Entries must be pairs of key and value (and options), a Map, or a record.")
}

function isIterable(entries: ManyEntries): entries is Iterable<ManyEntry> {
  return Symbol.iterator in entries
}

/** Keeps the last of several values for one key. */
function lastOfEach(items: readonly Item[]): Item[] {
  return [...new Map(items.map((item) => [item.name, item])).values()]
}
