// The marks of new entries: the versions of regions and tags they are made under.
import { type Awaitable, chain, isPromise } from "../base/awaitable.ts"
import { scrubbed } from "../base/scrub.ts"
import { newborn, tokenTime } from "../base/token.ts"
import type { Kept } from "../entry.ts"
import type { Store } from "../store/store.ts"
import type { Call } from "./call.ts"
import type { Engine } from "./engine.ts"
import type { Flight } from "./flight.ts"
import type { Policy } from "./options.ts"
import { tokensAt, type VersionKeys } from "./tokens.ts"

/** What those who write in the same turn share: the marks completed from the same tokens. */
const completing = new WeakMap<
  object,
  { readonly ms: number; readonly marks: Awaitable<readonly string[]> }
>()

/** The versions as they are, absent ones made. */
export function currentMarks(
  engine: Engine,
  store: Store,
  names: readonly VersionKeys[],
  { storeTimeout }: Policy,
): Awaitable<readonly string[]> {
  const versions = engine.versions(store)
  const before = scrubbed(() => versions.read(names))
  if (!isPromise(before) && versions.isComplete(before)) return before
  const known = completing.get(before)
  if (known?.ms === storeTimeout) return known.marks
  const marks = engine.guard(() => versions.current(names, before), storeTimeout, "")
  if (isPromise(before)) completing.set(before, { ms: storeTimeout, marks })
  return marks
}

/** The marks of the new entry; `undefined` when one of its tags was invalidated since the load began. */
export function marksFor(
  flight: Flight,
  { engine, place, policy }: Call,
  tags: readonly string[],
  startedAt: number,
  renewed: Kept | undefined,
): Awaitable<readonly string[] | undefined> {
  const { store } = engine
  if (!store || !flight.tokens || tags.some((tag) => flight.invalidatedTags.has(tag))) return undefined
  const versions = engine.versions(store)
  const regions = place.versionKeys.length
  if (tags.length === 0 && policy.tags.length === 0) {
    return engine.guard(
      () => versions.complete(place.versionKeys, flight.tokens ?? []),
      policy.storeTimeout,
      "",
    )
  }
  const before = [...tokensAt(flight.tokens, 0, regions)]
  const late: string[] = []
  for (const tag of tags) {
    const at = policy.tags.indexOf(tag)
    if (at < 0) late.push(tag)
    before.push(...(at < 0 ? ["", ""] : tokensAt(flight.tokens, regions + at, 1)))
  }
  const complete = () =>
    engine.guard(() => versions.complete(place.versionKeysOf(tags), before), policy.storeTimeout, "")
  if (late.length === 0) return complete()
  // Tags that the fallback chose were not captured before it: an invalidation as young as the load kills as well.
  const isYounger = (token: string) =>
    !token.startsWith(newborn) &&
    tokenTime(token) >= startedAt &&
    !flight.before.includes(token.split(" ")[0] ?? "")
  const read = () => versions.read(late.map((tag) => place.tag(tag)))
  return chain(engine.guard(read, policy.storeTimeout, ""), (tokens) => {
    for (const [i, tag] of late.entries()) {
      const [hard = "", soft = ""] = tokensAt(tokens, i, 1)
      // What is kept was made under a version of the tag already: only that one may stand.
      const was = renewed?.tags.indexOf(tag) ?? -1
      if (was >= 0 && renewed?.marks[2 * (regions + was)] !== hard) return undefined
      if (isYounger(hard) || isYounger(soft)) return undefined
      before.splice(2 * (regions + tags.indexOf(tag)), 2, hard, soft)
    }
    return complete()
  })
}
