import { clearing, type Operation } from "./operation.ts"
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
  /** Forgets the connection. */
  drop(db: IDBDatabase | undefined): void
}

/**
 * Brings the database up to date by `journal`, in its order. Answers whether it may be used again: then it holds
 * nothing that the journal ends. If it refuses a part twice, it is cleared: an older value must not come back.
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
    // Some engines stay read-only at the quota until the database is opened anew.
    else drop(db)
    if (failed.some(({ whole, error }) => whole && !isFull(error))) return false
  }
  return false
}

/** An operation that nobody waits for. */
function quietly(operation: Operation<unknown>): Pending {
  return { operation, resolve() {}, reject() {} }
}
