/** A value by its origin: an explicit write, or a load. */
export interface Made {
  readonly id: number
  readonly key: string
  readonly cache: number
  readonly from: "set" | "load"
  /** Moments are counted, one for each thing that happens. */
  readonly start: number
  end: number | undefined
  readonly tags: readonly string[]
  /** Virtual ms. */
  readonly createdAt: number
  readonly ttl: number
  readonly grace: number
}

/** One call of a verb, as it went. */
export interface Act {
  readonly number: number
  readonly cache: number
  readonly verb: string
  readonly keys: readonly string[]
  /** Whether `key` is among those it may end or replace. */
  readonly touches: (key: string) => boolean
  readonly mode: "hard" | "soft"
  readonly tags: readonly string[] | undefined
  readonly isFresh: boolean
  readonly start: number
  readonly startAt: number
  end: number | undefined
  endAt: number
  ok: boolean
  /** Whether the storage failed its cache meanwhile. */
  faulted: boolean
  error: unknown
  /** What it was served. */
  served: readonly { readonly key: string; readonly id: number | undefined; readonly isFresh: boolean }[]
}

/** A record on its way into the storage. */
export interface Written {
  readonly id: number
  readonly cache: number
  readonly moment: number
}

/** A fallback that was called. */
export interface Load {
  readonly cache: number
  readonly key: string
  readonly act: Act
  readonly start: number
  readonly at: number
  readonly signal: AbortSignal
  end: number | undefined
}

export interface History {
  readonly acts: readonly Act[]
  readonly made: ReadonlyMap<number, Made>
  readonly written: readonly Written[]
  readonly loads: readonly Load[]
  readonly caches: number
  readonly hasFaults: boolean
  /** Whether the storage may have lost or damaged version tokens: a soft invalidation may be forgotten with its own. */
  readonly hasLosses: boolean
  /** Whether what is read may come damaged, and whole the next time: an expire may not have seen its entry. */
  readonly hasDamage: boolean
}

const replaces = ["set", "setMany", "delete", "clear", "batch"]
const invalidates = ["invalidate", "invalidateTags"]
/** Verbs that beat a load. */
export const fences: readonly string[] = [...replaces, ...invalidates, "expire", "touch"]

/** What in `history` no law allows, in words. */
export function broken(history: History): string[] {
  const faults: string[] = []
  for (const act of history.acts) {
    for (const { key, id, isFresh } of act.served) {
      if (id === undefined) continue
      const value = history.made.get(id)
      if (!value || value.key !== key)
        faults.push(`${name(act)} was served ${id}, which was never made for ${key}`)
      else faults.push(...judge(history, act, value, isFresh))
    }
    faults.push(...lost(history, act))
  }
  return faults
}

/** Whether `value` may have been served to `act`. */
function judge(history: History, act: Act, value: Made, isFresh: boolean): string[] {
  const told: string[] = []
  const told_ = (why: string) =>
    told.push(`${name(act)} was served ${value.id} (${value.from} in cache ${value.cache}), ${why}`)
  for (const write of history.acts) {
    if (!write.ok || write.end === undefined || write.end >= act.start || !isOlder(value, write)) continue
    if (!write.touches(value.key)) continue
    const isHere = write.cache === act.cache
    const isGone = isHere && replaces.includes(write.verb) && !isRewritten(history, value, write)
    const hits =
      write.verb === "invalidate" ||
      (write.verb === "invalidateTags" && value.tags.some((tag) => write.tags?.includes(tag)))
    // A caller who joins cannot see what another cache has done while the storage fails him.
    const isKnown = isHere || !act.faulted
    const isExpired =
      (isHere && write.verb === "expire" && !history.hasDamage && !isRewritten(history, value, write)) ||
      (hits && write.mode === "soft" && !history.hasLosses)
    if (isGone) told_(`which ${name(write)} had replaced or removed`)
    else if (hits && isKnown && write.mode === "hard") told_(`which ${name(write)} had ended for good`)
    else if (isExpired && isFresh && isKnown && !wasTouched(history, value.key, write.start))
      told_(`as fresh, which ${name(write)} had expired`)
  }
  const isOver = value.end !== undefined && value.end < act.start
  // Who joins a flight that is still storing its value gets that, born stale or not.
  const storing = isFresh || value.from === "set" ? 0 : 400
  const until = value.createdAt + value.ttl + (isFresh ? 0 : value.grace) + storing
  // Of several values one may wait for the others.
  const servedAt = act.served.length === 1 ? act.endAt : act.startAt
  if (isOver && servedAt >= until && !wasTouched(history, value.key, 0)) told_("which was too old")
  return told
}

/** Whether `value` was made wholly before `write` began; a load counts from its start. */
function isOlder(value: Made, write: Act): boolean {
  return value.from === "load"
    ? value.start < write.start
    : value.end !== undefined && value.end < write.start
}

/** Between caches the last write wins: another one may have put `value` there again. */
function isRewritten({ written }: History, value: Made, write: Act): boolean {
  return written.some(
    ({ id, cache, moment }) => id === value.id && cache !== write.cache && moment > write.start,
  )
}

function wasTouched({ acts }: History, key: string, since: number): boolean {
  return acts.some((act) => act.verb === "touch" && act.keys.includes(key) && (act.end ?? Infinity) > since)
}

/** Whether `act` missed what a completed set had left for it, with nothing else under way. */
function lost({ acts, loads, made, caches, hasFaults }: History, act: Act): string[] {
  if (hasFaults || caches > 1) return []
  return act.served.flatMap(({ key, id, isFresh }) => {
    if (!isFresh) return []
    const last = [...made.values()].findLast(
      (one) => one.key === key && one.from === "set" && one.end !== undefined && one.end < act.start,
    )
    if (!last || last.id === id || act.endAt >= last.createdAt + last.ttl) return []
    const isQuiet =
      acts.every(
        (other) =>
          other === act ||
          !(other.touches(key) || other.keys.includes(key)) ||
          isRead(other) ||
          isPast(other, last) ||
          other.start > (act.end ?? 0),
      ) &&
      loads.every(
        (load) =>
          load.key !== key ||
          (load.end !== undefined && load.end < last.start) ||
          load.start > (act.end ?? 0),
      )
    return isQuiet ? [`${name(act)} missed ${last.id}, which a set had left at ${key}`] : []
  })
}

function isRead({ verb }: Act): boolean {
  return ["get", "getEntry", "getMany"].includes(verb)
}

/** Whether `other` was over before the set of `last` began, or is that set. */
function isPast(other: Act, last: Made): boolean {
  return (
    (other.end !== undefined && other.end < last.start) ||
    (other.start <= last.start && other.end === last.end)
  )
}

/**
 * Why a second load of a key may run beside `first`; `undefined` when nothing excuses it. `hasAdd` tells whether
 * tokens are made atomically: where not, one that is being made may take the place of an invalidation's, which then
 * shows as another invalidation a little later.
 */
export function excuse(
  acts: readonly Act[],
  first: Load,
  second: Load,
  leaseTtl: number,
  hasAdd: boolean,
): string | undefined {
  if (first.signal.aborted) return "its callers had gone"
  const isHere = first.cache === second.cache
  if (second.at - first.at >= leaseTtl - (isHere ? 0 : 50)) return "it had hung"
  if (!isHere && second.at - second.act.startAt >= 2 * leaseTtl) return "the lease had run out"
  // A flight may be fenced before its load begins.
  const since = Math.min(first.act.start, second.act.start)
  for (const act of acts) {
    if (!act.touches(first.key) || (act.end ?? Infinity) < since - (hasAdd ? 0 : 30)) continue
    if (!hasAdd && invalidates.includes(act.verb)) return `${name(act)} came while tokens were made`
    const isWrite = fences.includes(act.verb) || act.isFresh
    if (isWrite && (!isHere || act.cache === first.cache || [...invalidates, "clear"].includes(act.verb)))
      return `${name(act)} had fenced it`
  }
  return undefined
}

export function name({ number, verb, cache, keys }: Act): string {
  return `step ${number} (${verb} ${keys.join()} in cache ${cache})`
}
