import { now } from "../../src/base/clock.ts"
import { type Database, numberIn, type Statement } from "./driver.ts"
import { transactAtOnce } from "./schema.ts"

/** Last accesses are ticks: a thousand a millisecond, so that what happens within one keeps its order. */
const ticksPerMs = 1000
/** Where an access was noted less than a minute ago, a large cache does not note it again. */
const granularity = 60_000 * ticksPerMs
/** How many accesses are collected before they are written. */
const bufferSize = 1000

/** Added to the tick of a version token: tokens lie behind all entries in the order of eviction. */
export const tokenTicks: number = 2 ** 52
/** In 2099, in ms. Later ticks go up by one, so that those of entries stay below those of tokens, and these exact. */
const lastClock = 4.1e12

/** What the bounds must know of a row that goes, as columns. */
export const counts: string = `at >= ${tokenTicks} AS token, size`

/** Collects when entries were last read, and writes it now and then: a read that wrote would be a write. */
export class Accesses {
  readonly #db: Database
  readonly #write: Statement
  readonly #noted = new Map<string, number>()
  #lastTick = 0

  constructor(db: Database) {
    this.#db = db
    this.#write = db.prepare("UPDATE c SET at = ?1 WHERE k = ?2 AND at < ?1")
    // A clock far ahead may have left ticks that no number holds: such rows go.
    const unreadable = `FROM c WHERE at > ${Number.MAX_SAFE_INTEGER}`
    if (db.prepare(`SELECT 1 ${unreadable}`).get()) db.exec(`DELETE ${unreadable}`)
    // Ticks go on after those that are there. By a clock that was set back, new entries would be the oldest.
    const last = db.prepare("SELECT max(at) AS at FROM c WHERE at < ?").get(tokenTicks)
    this.#lastTick = numberIn(last, "at")
  }

  /** The access time of what is written now. */
  tick(token: boolean): number {
    this.#lastTick = Math.min(Math.max(this.#lastTick + 1, clockTicks()), tokenTicks - 1)
    return token ? this.#lastTick + tokenTicks : this.#lastTick
  }

  /** Notes a read of what was last accessed at `at`; of a token once a minute, which is enough for it to stay. */
  note(key: string, at: unknown, isLarge: boolean): void {
    if (typeof at !== "number") return
    const isToken = at >= tokenTicks
    const tick = this.tick(isToken)
    // Where the clock was set back ticks go by one, and tell no time.
    const tellTime = this.#lastTick < clockTicks() + granularity
    if ((isLarge || isToken) && tellTime && tick - at < granularity) return
    this.#noted.set(key, tick)
    if (this.#noted.size >= bufferSize) this.flush()
  }

  /** How many accesses are not written yet. */
  get size(): number {
    return this.#noted.size
  }

  /** Writes what was noted, unless another process is writing: then it is forgotten. */
  flush(): void {
    if (this.#noted.size === 0) return
    try {
      transactAtOnce(this.#db, () => this.write())
    } catch {
      // A lost access time costs a worse choice once. What is really broken shows in the next operation.
    }
    this.#noted.clear()
  }

  /** The same within a transaction of the caller's. */
  write(): void {
    for (const [key, tick] of this.#noted) this.#write.run(tick, key)
    this.#noted.clear()
  }
}

function clockTicks(): number {
  return Math.min(now(), lastClock) * ticksPerMs
}
