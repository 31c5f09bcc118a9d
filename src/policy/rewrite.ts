// The explicit writes that change existing entries: expire and touch. See write.ts.
import { chain, isPromise, together } from "../base/awaitable.ts"
import { now } from "../base/clock.ts"
import { freshUntil, type Kept, stateOf } from "../entry.ts"
import { derived, tell } from "./draft.ts"
import { type Found, isLive } from "./found.ts"
import { inOrder } from "./ordered.ts"
import { limitOf } from "./tokens.ts"
import { change, type EntryWrite, removeAll, type Target } from "./write.ts"

/** Makes live entries stale now and keeps them within grace. Names must be unique; returns how many were live. */
export async function expireAll(target: Target, names: readonly string[]): Promise<number> {
  const { engine, place } = target
  const count = await rewrite(target, names, (kept, limit, at) => {
    const until = freshUntil(kept, limit)
    // Marks the entry as expired even if its ttl is over by this clock: by another clock it may be fresh.
    const isExpired = kept.freshUntil < 0 || limit < Infinity
    return isExpired && until <= at ? kept : { ...kept, freshUntil: -Math.min(at, until) }
  })
  tell(engine, () => {
    for (const name of names) engine.hub.tell(place, name, "expire")
  })
  return count
}

/** Restarts the ttl of a live entry, its own or the one given; returns whether there was one. */
export async function touchOne(target: Target, name: string, ttl: number | undefined): Promise<boolean> {
  if (ttl === 0) return (await removeAll(target, [name])) > 0
  const touched = await rewrite(
    target,
    [name],
    (kept, _limit, at) => {
      const life = ttl ?? kept.ttl
      return { ...kept, ttl: life, freshUntil: at + life }
    },
    true,
  )
  return touched > 0
}

type Rewrite = (kept: Kept, limit: number, at: number) => Kept

/**
 * Reads live entries, changes them and writes them back, as one write in the queue; returns how many were live.
 *
 * @param outlives - Whether they outlive earlier soft invalidations. Default `false`.
 */
async function rewrite(
  target: Target,
  names: readonly string[],
  rewritten: Rewrite,
  outlives = false,
): Promise<number> {
  if (names.length === 0) return 0
  const { engine, place, policy } = target
  const keys = names.map((name) => place.full(name))
  engine.fence(keys, "soft")
  engine.draft?.fences(keys)
  try {
    const done = inOrder(target, keys, (store) => (isLate) => {
      const into = derived(engine, store)
      const reading = engine.readMany(place, keys, policy, { anew: true, keepsJunk: true, rejects: true })
      return chain(reading, (found) => {
        const versionsOf = ({ kept }: Found) =>
          outlives ? engine.versions(store).read(kept ? place.versionKeysOf(kept.tags) : []) : undefined
        const read = together<readonly string[] | undefined>(found.map((one) => () => versionsOf(one)))
        return chain(read, (tokens) => {
          const { writes, gone, live } = changedEntries(keys, found, tokens, rewritten)
          return isLate() ? live : chain(change(into, writes, gone), () => live)
        })
      })
    })
    return isPromise(done) ? await done : done
  } finally {
    engine.fence(keys, "soft")
  }
}

/**
 * Which entries to write and which keys to remove so that the live ones of `found` are changed, and how many were live.
 *
 * @param tokens - For each key, the versions whose soft invalidations its entry is to outlive, if any.
 */
function changedEntries(
  keys: readonly string[],
  found: readonly Found[],
  tokens: readonly (readonly string[] | undefined)[],
  rewritten: Rewrite,
): { readonly writes: readonly EntryWrite[]; readonly gone: readonly string[]; readonly live: number } {
  const at = now()
  const writes: EntryWrite[] = []
  const gone: string[] = []
  let live = 0
  for (const [i, key] of keys.entries()) {
    const one = found[i]
    const own = tokens[i]
    // What could not be read may be fresh later. And an entry to expire that was evicted here may still be in the
    // memory of another process, which is notified of a removal.
    if (!one?.kept && (!own || one?.reason !== "absent")) gone.push(key)
    if (!isLive(one)) continue
    const { kept } = one
    // A soft invalidation since the read may have ended it.
    const isEnded = own && stateOf(kept, at, undefined, limitOf(kept.marks, own)) === "gone"
    if (!isEnded) live++
    const changed = rewritten(kept, one.limit, at)
    if (changed === kept) continue
    // Takes only the newer soft versions: a hard invalidation since the read must win.
    const marks = own ? kept.marks.map((mark, n) => (n % 2 === 0 ? mark : (own[n] ?? ""))) : kept.marks
    const life = freshUntil(changed) + changed.grace - at
    if (life > 0 && !isEnded) writes.push([key, { ...changed, marks }, life])
    else gone.push(key)
  }
  return { writes, gone, live }
}
