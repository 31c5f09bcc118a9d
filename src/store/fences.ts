import { now } from "../base/clock.ts"
import { isDead, ShortLived } from "../base/short-lived.ts"

/** A pending read or write of the far tier. */
export interface Ticket {
  readonly key: string
  readonly writes: boolean
  /** When it began, ms since epoch. */
  readonly since: number
  readonly running: Running
  /** The key's count of changes when it began; {@link outdated} if it began outdated. */
  readonly changes: number
}

/** The pending operations on one key. */
interface Running {
  /** When the last of them began, ms since epoch. */
  since: number
  /** How many there are. */
  count: number
  /** How often a write or a clear of the key has begun, or ended. */
  changes: number
  /** The writes among them that are not presumed dead, oldest first: on Workers their requests may have finished. */
  readonly writes: Set<Ticket>
}

/** Never equal to a count of changes. */
const outdated = -1

/**
 * Keeps outdated copies out of the near tier. Of two overlapping operations on a key, the outdated one leaves no copy:
 *
 *     begins first    then, before that ends      outdated
 *     read            write                       the read: the key's count has changed
 *     write           read                        the read: it begins outdated
 *     write           write                       both: the first by the count, the second begins outdated
 *     read or write   clear begins, or ends       the read or write, by the count
 *     clear           read or write               the read or write: it begins outdated
 *     dead write      read or write               neither; when the dead one does end, what runs on the key then
 *
 * A write is presumed dead after ten seconds: it then no longer outdates new operations. An operation whose key is no
 * longer tracked counts as outdated, because nothing was counted for it.
 */
export class Fences {
  readonly #running = new ShortLived<Running>()
  readonly #clearing = new Set<{ readonly prefix: string; readonly since: number }>()
  /** How many writes have begun. */
  writes = 0

  /**
   * Begins an operation on `key`. A write outdates the key's pending operations, and those that begin before it ends.
   */
  begin(key: string, writes: boolean): Ticket {
    const since = now()
    let running = this.#running.get(key)
    if (!running) {
      running = { since, count: 0, changes: 0, writes: new Set() }
      this.#running.set(key, running)
    }
    running.since = since
    running.count++
    for (const write of running.writes) {
      if (!isDead(write.since, since)) break
      running.writes.delete(write)
    }
    let isOld = running.writes.size > 0
    for (const clearing of this.#clearing) {
      if (isDead(clearing.since, since)) this.#clearing.delete(clearing)
      else isOld ||= key.startsWith(clearing.prefix)
    }
    if (writes) {
      this.writes++
      running.changes++
    }
    const ticket = { key, writes, since, running, changes: isOld ? outdated : running.changes }
    if (writes) running.writes.add(ticket)
    return ticket
  }

  /** Ends the operation; returns whether its result is still current. */
  end(ticket: Ticket): boolean {
    const { key, writes, running } = ticket
    const isOld = this.isOld(ticket)
    const known = this.#running.get(key)
    if (writes && known) known.changes++
    running.writes.delete(ticket)
    if (--running.count === 0 && known === running) this.#running.delete(key)
    return !isOld
  }

  /** Whether its result is outdated, or may be. */
  isOld({ key, running, changes }: Ticket): boolean {
    return this.#running.get(key) !== running || running.changes !== changes
  }

  /** Keys under `prefix` are being cleared: outdates operations on them until the returned function is called. */
  clear(prefix: string): () => void {
    const clearing = { prefix, since: now() }
    const outdate = (): void => {
      for (const [key, running] of this.#running) if (key.startsWith(prefix)) running.changes++
    }
    this.writes++
    this.#clearing.add(clearing)
    outdate()
    return () => {
      this.#clearing.delete(clearing)
      outdate()
    }
  }

  /** Forgets all pending operations: none of them leaves a copy any more. */
  close(): void {
    this.#running.clear()
    this.#clearing.clear()
  }
}
