import type { AdapterEvent } from "../../src/adapter.ts"
import { now } from "../../src/base/clock.ts"
import { CacheError } from "../../src/base/errors.ts"
import type { Bounds } from "./bounds.ts"
import type { Connection } from "./connection.ts"
import type { Operation } from "./operation.ts"
import { type Overlay, overlay } from "./overlay.ts"
import { type Means, restore } from "./restore.ts"
import { split } from "./split.ts"
import { type Failure, type Pending, transact } from "./transaction.ts"
import { isFull, isLost, isPause, refused } from "./trouble.ts"

/** Runs operations on the database, those of one turn together. */
export interface Scheduler {
  /** Rejects only if this operation fails, or if the database never opened. */
  submit<T>(operation: Operation<T>): Promise<T>
  /** Resolves once no operation is waiting. */
  idle(): Promise<void>
}

/**
 * A scheduler over `connection`.
 *
 * The writes of one turn share a transaction; reads run beside it, but a read after a write of its key sees that write.
 * One write transaction runs at a time; later operations go into the next. An operation that fails with the connection
 * is retried once on a new one; after that memory stands in, and 30 s later the next operation makes the scheduler
 * return to the database.
 *
 * @param restored - Called when the database has just been updated with what it missed.
 */
export function scheduler(
  connection: Connection,
  bounds: Bounds,
  emit: (event: AdapterEvent) => void,
  restored: () => void,
): Scheduler {
  let queue: Pending[] = []
  let scheduled = false
  let writing = false
  let standIn: { readonly overlay: Overlay; since: number } | undefined
  const running = new Set<Promise<void>>()

  /** Starts the queue at the end of this turn: as soon as a microtask adds nothing to it. */
  const schedule = async () => {
    scheduled = true
    let size = 0
    while (size < queue.length) {
      size = queue.length
      await undefined
      await undefined
    }
    scheduled = false
    flush()
  }

  const flush = () => {
    if (writing) return
    if (standIn) {
      if (isPause(standIn.since)) return recall(standIn.overlay, take())
      standIn.since = now()
      return track(alone(comeBack(standIn.overlay)))
    }
    const { reads, writes } = split(take())
    for (const part of reads) track(run(part, false))
    if (writes.length > 0) track(alone(run(writes, true)))
  }

  const take = () => {
    const all = queue
    queue = []
    return all
  }

  const track = (work: Promise<void>) => {
    const tracked = work.finally(() => running.delete(tracked))
    running.add(tracked)
  }

  /** Waits for `work`, which has just begun; operations in the meantime share the next transaction. */
  const alone = async (work: Promise<void>) => {
    writing = true
    await work
    writing = false
    if (queue.length > 0) flush()
  }

  /** Runs `all` to completion, with one retry for those that it may help. */
  const run = async (all: readonly Pending[], writes: boolean) => {
    const first = await attempt(all, writes)
    if (first.failed.length === 0) return
    if (!connection.opened) return rejectAll(first.failed)
    const { own, gone } = sortOut(first.failed, true)
    rejectAll(own)
    const again = first.failed.filter((failure) => !own.includes(failure))
    if (again.length === 0) return
    if (first.db && gone.length === 0) await bounds.relieve(first.db)
    else connection.drop(first.db)
    await runAgain(again, writes)
  }

  const runAgain = async (again: readonly Failure[], writes: boolean) => {
    const second = await attempt(pendingOf(again), writes)
    const { own, full, gone } = sortOut(second.failed)
    rejectAll(own)
    if (full[0]) {
      emit({ type: "error", error: refused(full[0].pending.operation.key, full[0].error) })
      await squeeze(full)
      // Some engines stay read-only after this until the database is reopened.
      connection.drop(second.db)
    }
    if (gone[0]) {
      connection.drop(second.db)
      recall(degrade(gone[0].error), pendingOf(gone))
    }
  }

  /** Writes those of `full` that there is room for, by trying halves of them; rejects the others. */
  const squeeze = async (full: readonly Failure[]): Promise<void> => {
    if (full.length <= 1) return rejectAll(full)
    const middle = full.length >> 1
    for (const half of [full.slice(0, middle), full.slice(middle)]) {
      const { failed } = await attempt(pendingOf(half), true)
      const { own, full, gone } = sortOut(failed)
      rejectAll([...own, ...gone])
      await squeeze(full)
    }
  }

  const attempt = async (
    all: readonly Pending[],
    writes: boolean,
  ): Promise<{ readonly db?: IDBDatabase; readonly failed: readonly Failure[] }> => {
    try {
      const db = await connection.get()
      return { db, failed: await transact(db, all, writes ? bounds.besides(db, all) : undefined) }
    } catch (error) {
      return { failed: all.map((pending) => ({ pending, error, whole: true })) }
    }
  }

  /** Lets memory stand in for the database, unless it already does. */
  const degrade = (error: unknown) => {
    if (!standIn) {
      standIn = { overlay: overlay(), since: now() }
      emit({
        type: "error",
        error: new CacheError(
          "ADAPTER_UNAVAILABLE",
          "IndexedDB lost its database while in use. Memory stands in; the database is tried again in 30 s. " +
            "Reload the page if this repeats.",
          { cause: error },
        ),
      })
    }
    return standIn.overlay
  }

  /** Returns to the database once it holds nothing older than memory, or goes on without it. */
  const comeBack = async (memory: Overlay) => {
    // Queued operations must not wait for a database that may never return.
    recall(memory, take())
    if (!(await restore(memory.journal(), means))) return
    standIn = undefined
    restored()
  }

  const means: Means = {
    attempt: (all) => attempt(all, true),
    relieve: bounds.relieve,
    drop: connection.drop,
  }

  return {
    submit: (operation) =>
      new Promise((resolve, reject) => {
        queue.push({ operation, resolve, reject })
        if (!scheduled && !writing) schedule()
      }),
    async idle() {
      while (scheduled) await undefined
      // Operations that waited for a write have begun before that write counts as ended.
      while (running.size > 0) await Promise.all(running)
    },
  }
}

/** Settles `all` with the memory that stands in. */
function recall(memory: Overlay, all: readonly Pending[]): void {
  for (const { operation, resolve, reject } of all) {
    try {
      resolve(operation.recall(memory))
    } catch (error) {
      reject(refused(operation.key, error))
    }
  }
}

/** Sorts failures by what would help: room for `full`, another connection for `gone`, nothing for `own`. */
function sortOut(failures: readonly Failure[], isFirst = false) {
  const sorted: Record<"own" | "full" | "gone", Failure[]> = { own: [], full: [], gone: [] }
  for (const failure of failures) {
    const { whole, error } = failure
    // If an operation fails alone, as if the connection were lost, that is believed the first time.
    const isGone = whole || (isFirst && isLost(error))
    sorted[isFull(error) ? "full" : isGone ? "gone" : "own"].push(failure)
  }
  return sorted
}

function pendingOf(failures: readonly Failure[]): readonly Pending[] {
  return failures.map(({ pending }) => pending)
}

function rejectAll(failures: readonly Failure[]): void {
  for (const { pending, error } of failures) pending.reject(refused(pending.operation.key, error))
}
