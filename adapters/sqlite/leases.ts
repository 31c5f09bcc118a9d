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
    // One statement decides: it is atomic between processes. A lease taken later than now is free as well: the clock
    // was set back since, and nobody knows when it would end.
    this.#take = db.prepare(`INSERT INTO l (k, owner, until) VALUES (?1, ?2, ?3)
      ON CONFLICT (k) DO UPDATE SET owner = excluded.owner, until = excluded.until
      WHERE l.until <= ?4 OR CAST(l.owner AS INTEGER) > ?4`)
    this.#giveBack = db.prepare("DELETE FROM l WHERE k = ? AND owner = ?")
    this.#drop = db.prepare("DELETE FROM l WHERE until <= ?")
  }

  /** Answers whether `owner` holds the lease now, for `ttl` ms. */
  take(key: string, owner: string, ttl: number): boolean {
    // The time of its turn: by that of before the wait for it, the lease of one who was quicker is later than now.
    return transaction(this.#db, "BEGIN IMMEDIATE", () => {
      const time = now()
      const until = Math.min(Math.ceil(time + ttl), Number.MAX_SAFE_INTEGER)
      return Number(this.#take.run(encodeKey(key), owner, until, time).changes) > 0
    })
  }

  /** Ends the lease, if it is still this owner's. */
  giveBack(key: string, owner: string): void {
    this.#giveBack.run(encodeKey(key), owner)
  }

  /** Drops the leases that have run out. */
  prune(time: number): void {
    this.#drop.run(time)
  }
}

/** Who takes a lease, and when: ms since epoch in front. */
export function newOwner(): string {
  return `${now()} ${globalThis.crypto.randomUUID()}`
}

/**
 * A lease that is given back once, by whoever took it.
 *
 * @param giveBack - Ends it in the storage; if that throws, it may be tried again.
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
