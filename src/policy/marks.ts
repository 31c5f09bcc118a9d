// The marks of new entries: the versions of the regions and tags they are made under.
import { type Awaitable, chain, isPromise } from "../base/awaitable.ts"
import { scrubbed } from "../base/scrub.ts"
import type { Kept } from "../entry.ts"
import type { Store } from "../store/store.ts"
import type { Call } from "./call.ts"
import type { Engine } from "./engine.ts"
import type { Flight } from "./flight.ts"
import type { Policy } from "./options.ts"
import { byTag } from "./tokens.ts"

/** Marks by the promise of the tokens they complete; writes of one turn share both. */
const completing = new WeakMap<
  object,
  { readonly ms: number; readonly marks: Awaitable<readonly string[]> }
>()

/** The marks of an entry made now: the current versions at `keys`; missing ones are created. */
export function currentMarks(
  engine: Engine,
  store: Store,
  keys: readonly string[],
  { storeTimeout }: Policy,
): Awaitable<readonly string[]> {
  const versions = engine.versions(store)
  const before = scrubbed(() => versions.read(keys))
  if (!isPromise(before) && versions.isComplete(before)) return before
  const known = completing.get(before)
  if (known?.ms === storeTimeout) return known.marks
  const marks = engine.guard(() => versions.current(keys, before), storeTimeout, "")
  if (isPromise(before)) completing.set(before, { ms: storeTimeout, marks })
  return marks
}

/**
 * The marks of the entry that a flight has loaded, from the versions it captured. `undefined` if one of its regions or
 * tags was invalidated since the load began.
 *
 * @param tags - The tags of the entry, which the fallback may have chosen.
 * @param renewed - The entry that `keep()` renews, if any.
 */
export function marksFor(
  flight: Flight,
  { engine, place, policy }: Call,
  tags: readonly string[],
  renewed: Kept | undefined,
): Awaitable<readonly string[] | undefined> {
  const { store } = engine
  const { tokens: captured } = flight
  if (!store || !captured || tags.some((tag) => flight.invalidatedTags?.has(tag))) return undefined
  const versions = engine.versions(store)
  // Entries without tags share one array.
  if (tags.length === 0 && policy.tags.length === 0 && versions.isComplete(captured)) return captured
  const regions = place.versionKeys.length
  const tagged = byTag(policy.tags, captured.slice(regions))
  const complete = () => {
    const mine = tags.flatMap((tag) => tagged.get(tag) ?? []) // By now, each tag is in the map.
    const before = tagged.size > 0 ? [...captured.slice(0, regions), ...mine] : captured
    return engine.guard(() => versions.complete(place.versionKeysOf(tags), before), policy.storeTimeout, "")
  }
  const late = tags.filter((tag) => !tagged.has(tag))
  if (late.length === 0) return complete()
  // Tags that the fallback chose were not captured before it ran: the time in a token shows whether it came since.
  const read = () => versions.read(place.tagKeys(late))
  return chain(engine.guard(read, policy.storeTimeout, ""), (tokens) => {
    for (const [tag, own] of byTag(late, tokens)) {
      const [hard = "", soft = ""] = own
      // The renewed entry has a mark of this tag, which must not have changed either.
      const was = renewed?.tags.indexOf(tag) ?? -1
      if (was >= 0 && renewed?.marks[regions + 2 * was] !== hard) return undefined
      if (flight.isLater(hard) || flight.isLater(soft)) return undefined
      tagged.set(tag, own)
    }
    return complete()
  })
}
