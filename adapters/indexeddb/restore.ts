import { CacheError, shortKey } from "../../src/base/errors.ts"
import { deleting, type Operation } from "./operation.ts"
import type { Failure, Pending } from "./transaction.ts"
import { isFull } from "./trouble.ts"

/** How {@link restore} speaks to the database. */
export interface Means {
  /** Writes `all` in one transaction, or not at all; answers what failed. */
  attempt(
    all: readonly Pending[],
  ): Promise<{ readonly db?: IDBDatabase; readonly failed: readonly Failure[] }>
  /** Makes room on a full storage. */
  relieve(db: IDBDatabase): Promise<void>
  /** Writes those of `full` for which there is room and rejects the others. */
  squeeze(full: readonly Failure[]): Promise<void>
  /** Forgets the connection. */
  drop(db: IDBDatabase | undefined): void
}

/**
 * Brings the database up to date by `journal`, in its order. Answers whether it may be used again: then it holds all of
 * it, but for keys that it refused. Those it has no more, for an older value must not come back.
 *
 * @param report - Hears of what was refused: its callers were told long ago that it is kept.
 */
export async function restore(
  journal: readonly Operation<unknown>[],
  { attempt, relieve, squeeze, drop }: Means,
  report: (error: CacheError, key: string) => void,
): Promise<boolean> {
  const refused = new Map<Operation<unknown>, unknown>()
  const all = journal.map((operation) => ({
    operation,
    resolve() {},
    reject: (error: unknown) => void refused.set(operation, error),
  }))
  const first = await attempt(all)
  if (first.failed.length === 0) return true
  if (first.db && first.failed.some(({ error }) => isFull(error))) await relieve(first.db)
  else drop(first.db)
  if (first.failed.some(isLost)) return false
  // All of it, in its order: what cleared must not come after what was set.
  const { db, failed } = await attempt(all)
  // Some engines stay read-only at the quota until the database is opened anew.
  if (failed.length > 0) drop(db)
  if (failed.some(isLost)) return false
  for (const { pending, error } of failed) if (!isFull(error)) pending.reject(error)
  await squeeze(failed.filter(({ error }) => isFull(error)))
  return refused.size === 0 || forget(refused, attempt, report)
}

function isLost({ whole, error }: Failure): boolean {
  return whole && !isFull(error)
}

/** Removes the keys that were refused. A prefix that could not be cleared would show what it hid. */
async function forget(
  refused: ReadonlyMap<Operation<unknown>, unknown>,
  attempt: Means["attempt"],
  report: (error: CacheError, key: string) => void,
): Promise<boolean> {
  const keys = [...refused.keys()].map(({ key }) => key)
  if (!keys.every((key) => key !== undefined)) return false
  const { failed } = await attempt(
    keys.map((key) => ({ operation: deleting(key), resolve() {}, reject() {} })),
  )
  if (failed.length > 0) return false
  const sets = [...refused].filter(([{ use }]) => use)
  const [[{ key }, cause] = [{ key: undefined }]] = sets
  if (key !== undefined) report(lostError(key, sets.length, cause), key)
  return true
}

function lostError(key: string, count: number, cause: unknown): CacheError {
  const others = count > 1 ? ` and of ${count - 1} more` : ""
  return new CacheError(
    "ADAPTER_UNAVAILABLE",
    `IndexedDB is back, but refused what was written meanwhile of ${shortKey(key)}${others}: it was removed. ` +
      "Set it again, or store less.",
    { key, cause },
  )
}
