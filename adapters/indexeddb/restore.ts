import { clearing, type Operation } from "./operation.ts"
import type { Failure, Pending } from "./transaction.ts"
import { isFull } from "./trouble.ts"

/** How {@link restore} accesses the database. */
export interface Means {
  /** Writes `all` in one transaction, or none; returns what failed. */
  attempt(
    all: readonly Pending[],
  ): Promise<{ readonly db?: IDBDatabase; readonly failed: readonly Failure[] }>
  /** Makes room in a full storage. */
  relieve(db: IDBDatabase): Promise<void>
  /** Drops the connection. */
  drop(db: IDBDatabase | undefined): void
}

/**
 * Updates the database by `journal`, in order. Returns whether it may be used again: then it holds nothing that the
 * journal ends. If it refuses a part twice, it is cleared: an older value must not reappear.
 */
export async function restore(
  journal: readonly Operation<unknown>[],
  { attempt, relieve, drop }: Means,
): Promise<boolean> {
  for (const operations of [journal, journal, [clearing("")]]) {
    const { db, failed } = await attempt(operations.map(quietly))
    if (failed.length === 0) return true
    const full = failed.some(({ error }) => isFull(error))
    if (db && full && operations === journal) await relieve(db)
    // Some engines stay read-only at the quota until the database is reopened.
    else drop(db)
    if (failed.some(({ whole, error }) => whole && !isFull(error))) return false
  }
  return false
}

/** An operation whose result is not needed. */
function quietly(operation: Operation<unknown>): Pending {
  return { operation, resolve() {}, reject() {} }
}
