import type { Lease } from "../../src/adapter.ts"
import { now } from "../../src/base/clock.ts"
import type { Database, Statement } from "./driver.ts"
import { transaction } from "./schema.ts"
import { encodeKey } from "./text.ts"

/** The leases of one open database: rows with an owner and a deadline. */
export class Leases {
  readonly #db: Database
  readonly #take: Statement
  readonly #giveBack: Statement
  readonly #drop: Statement

  constructor(db: Database) {
    this.#db = db
    // One statement decides, which is atomic between processes. A lease taken in the future is free as well: the clock
    // was moved back since, and its end is unknown.
    this.#take = db.prepare(`INSERT INTO l (k, owner, until) VALUES (?1, ?2, ?3)
      ON CONFLICT (k) DO UPDATE SET owner = excluded.owner, until = excluded.until
      WHERE l.until <= ?4 OR CAST(l.owner AS INTEGER) > ?4`)
    this.#giveBack = db.prepare("DELETE FROM l WHERE k = ? AND owner = ?")
    this.#drop = db.prepare("DELETE FROM l WHERE until <= ?")
  }

  /** Returns whether `owner` now holds the lease, for `ttl` ms. */
  take(key: string, owner: string, ttl: number): boolean {
    // The time after the wait for the lock: by an earlier one, a faster owner's lease would be in the future.
    return transaction(this.#db, "BEGIN IMMEDIATE", () => {
      const time = now()
      const until = Math.min(Math.ceil(time + ttl), Number.MAX_SAFE_INTEGER)
      return Number(this.#take.run(encodeKey(key), owner, until, time).changes) > 0
    })
  }

  /** Releases the lease, if it is still this owner's. */
  giveBack(key: string, owner: string): void {
    this.#giveBack.run(encodeKey(key), owner)
  }

  /** Drops the leases that have run out. */
  prune(time: number): void {
    this.#drop.run(time)
  }
}

/** The owner of a lease, and when it was taken: starts with ms since epoch. */
export function newOwner(): string {
  return `${now()} ${globalThis.crypto.randomUUID()}`
}

/**
 * A lease that its owner releases once.
 *
 * @param giveBack - Releases it in the storage; if that throws, it may be tried again.
 */
export function leaseOf(giveBack: () => void): Lease & { release(): void } {
  let held = true
  return {
    release() {
      if (!held) return
      giveBack()
      held = false
    },
  }
}
