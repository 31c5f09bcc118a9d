import { now } from "../../src/base/clock.ts"
import { type Database, numberIn, type Statement } from "./driver.ts"
import { transactAtOnce } from "./schema.ts"

/** Access times are ticks, a thousand per millisecond, so that accesses within one keep their order. */
const ticksPerMs = 1000
/** A large cache does not record an access again within a minute. */
const granularity = 60_000 * ticksPerMs
/** How many accesses are collected before they are written. */
const bufferSize = 1000

/** Added to the tick of a version token: tokens come after all entries in the order of eviction. */
export const tokenTicks: number = 2 ** 52
/**
 * In 2099, in ms. Later ticks go up by one, so that those of entries stay below those of tokens, and these stay exact.
 */
const lastClock = 4.1e12

/** The columns that the bounds need of a removed row. */
export const counts: string = `at >= ${tokenTicks} AS token, size`

/** Collects access times, and writes them now and then: otherwise every read would be a write. */
export class Accesses {
  readonly #db: Database
  readonly #write: Statement
  readonly #noted = new Map<string, number>()
  #lastTick = 0

  constructor(db: Database) {
    this.#db = db
    this.#write = db.prepare("UPDATE c SET at = ?1 WHERE k = ?2 AND at < ?1")
    // A clock far ahead may have left ticks that no number can represent: such rows are removed.
    const unreadable = `FROM c WHERE at > ${Number.MAX_SAFE_INTEGER}`
    if (db.prepare(`SELECT 1 ${unreadable}`).get()) db.exec(`DELETE ${unreadable}`)
    // Ticks continue after the existing ones. With a clock that was moved back, new entries would be the oldest.
    const last = db.prepare("SELECT max(at) AS at FROM c WHERE at < ?").get(tokenTicks)
    this.#lastTick = numberIn(last, "at")
  }

  /** The access time of what is written now. */
  tick(token: boolean): number {
    this.#lastTick = Math.min(Math.max(this.#lastTick + 1, clockTicks()), tokenTicks - 1)
    return token ? this.#lastTick + tokenTicks : this.#lastTick
  }

  /** Records a read of what was last accessed at `at`; a token's once a minute, which is enough to keep it. */
  note(key: string, at: unknown, isLarge: boolean): void {
    if (typeof at !== "number") return
    const isToken = at >= tokenTicks
    const tick = this.tick(isToken)
    // If the clock was moved back, ticks go up by one, and are not times.
    const tellTime = this.#lastTick < clockTicks() + granularity
    if ((isLarge || isToken) && tellTime && tick - at < granularity) return
    this.#noted.set(key, tick)
    if (this.#noted.size >= bufferSize) this.flush()
  }

  /** How many accesses are not written yet. */
  get size(): number {
    return this.#noted.size
  }

  /** Writes the recorded accesses, unless another process is writing: then they are forgotten. */
  flush(): void {
    if (this.#noted.size === 0) return
    try {
      transactAtOnce(this.#db, () => this.write())
    } catch {
      // A lost access time only causes a worse choice once. Real damage shows in the next operation.
    }
    this.#noted.clear()
  }

  /** The same, within the caller's transaction. */
  write(): void {
    for (const [key, tick] of this.#noted) this.#write.run(tick, key)
    this.#noted.clear()
  }
}

function clockTicks(): number {
  return Math.min(now(), lastClock) * ticksPerMs
}
