import { after } from "../../src/base/clock.ts"
import { nameOf } from "../../src/base/thrown.ts"
import type { Operation } from "./operation.ts"
import { storeName } from "./rows.ts"

/** After how many ms a transaction that neither completes nor aborts counts as lost. */
const patience = 20_000
/** The same for a transaction that processes everything stored. */
export const longPatience: number = 3 * patience

/** A submitted operation. */
export interface Pending<T = unknown> {
  readonly operation: Operation<T>
  resolve(answer: T): void
  reject(error: unknown): void
}

/** A failed operation. */
export interface Failure {
  readonly pending: Pending
  readonly error: unknown
  /** Whether the whole transaction failed, not just this operation. */
  readonly whole: boolean
}

/** What a write transaction does besides its operations. */
export interface Besides {
  /** Adds requests of its own, whose failure is ignored. */
  join(store: IDBObjectStore): void
  /** Called with the operations that succeeded, before their promises resolve. */
  done(succeeded: readonly Pending[]): void
}

/**
 * Runs `all` in one transaction and resolves those that succeed: reads one by one; with `besides`, which makes it a
 * write transaction, all of them once it is complete. Never rejects; returns those that failed.
 */
export function transact(
  db: IDBDatabase,
  all: readonly Pending[],
  besides?: Besides,
): Promise<readonly Failure[]> {
  return new Promise((finish) => {
    const failed: Failure[] = []
    const waiting = new Set(all)
    const answers: [pending: Pending, answer: unknown][] = []
    let over = false

    const lose = (error: unknown) => {
      if (over) return
      over = true
      // An abort fails all requests of the transaction: that is not their own failure.
      const own = failed.filter((failure) => !isAbort(failure.error))
      const blameless = failed.filter((failure) => isAbort(failure.error)).map(({ pending }) => pending)
      finish([...own, ...[...blameless, ...waiting].map((pending) => ({ pending, error, whole: true }))])
    }

    const complete = () => {
      if (over) return
      over = true
      const good = answers.filter(([pending]) => waiting.has(pending))
      besides?.done(good.map(([pending]) => pending))
      for (const [pending, answer] of good) pending.resolve(answer)
      finish(failed)
    }

    try {
      const isClear = all.some(({ operation }) => operation.prefix !== undefined)
      const ms = isClear ? longPatience : patience
      const store = begin(db, besides ? "readwrite" : "readonly", ms, complete, lose)
      const ask = (pending: Pending, next: () => void) => {
        const fail = (error: unknown) => {
          if (waiting.delete(pending)) failed.push({ pending, error, whole: false })
          next()
        }
        const done = (answer: unknown) => {
          if (besides) answers.push([pending, answer])
          else if (waiting.delete(pending)) pending.resolve(answer)
          next()
        }
        try {
          pending.operation.ask(store, done, fail)
        } catch (error) {
          fail(error)
        }
      }
      inOrder(all, ask, () => besides?.join(store))
    } catch (error) {
      lose(error)
    }
  })
}

/**
 * Begins a transaction that counts as lost after `ms`, or when the browser closes `db`. `lose` may be called
 * repeatedly.
 */
export function begin(
  db: IDBDatabase,
  mode: IDBTransactionMode,
  ms: number,
  complete: () => void,
  lose: (error: unknown) => void,
): IDBObjectStore {
  const transaction = db.transaction(storeName, mode, { durability: "relaxed" })
  const giveUp = () => {
    abort(transaction)
    lose(aborted())
  }
  const cancel = after(ms, giveUp)
  // When the browser takes the database away, Chromium forgets recent transactions: neither event comes.
  db.addEventListener("close", giveUp)
  const end = () => {
    cancel()
    db.removeEventListener("close", giveUp)
  }
  transaction.oncomplete = () => {
    end()
    complete()
  }
  // A full disk may show only here, without a failed request.
  transaction.onabort = () => {
    end()
    lose(transaction.error ?? aborted())
  }
  return transaction.objectStore(storeName)
}

/**
 * Calls `ask` for each operation in order, and `end` after the last. An operation on a key for which an earlier one is
 * still deciding waits, with those behind it, until that one has called `next`.
 */
function inOrder(
  all: readonly Pending[],
  ask: (pending: Pending, next: () => void) => void,
  end: () => void,
): void {
  const deciding = new Set<string | undefined>()
  let asked = 0
  let ended = false
  const go = () => {
    for (let pending = all[asked]; pending; pending = all[asked]) {
      const { key, decides } = pending.operation
      const mustWait = key === undefined || deciding.has(key) || deciding.has(undefined)
      if (deciding.size > 0 && mustWait) return
      asked++
      if (decides) deciding.add(key)
      ask(pending, () => {
        if (decides && deciding.delete(key)) go()
      })
    }
    if (!ended) end()
    ended = true
  }
  go()
}

function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort()
  } catch {
    // It had ended after all; its result comes too late.
  }
}

function aborted(): Error {
  return new DOMException("The transaction was aborted.", "AbortError")
}

function isAbort(error: unknown): boolean {
  return nameOf(error) === "AbortError"
}
