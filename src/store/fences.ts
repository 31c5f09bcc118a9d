import { now } from "../base/clock.ts"
import { isDead, ShortLived } from "../base/short-lived.ts"

/** A read or write of the far tier that is under way. */
export interface Ticket {
  readonly key: string
  readonly writes: boolean
  /** When it began, ms since epoch. */
  readonly since: number
  readonly running: Running
  /** The count of beats on its key when it began; {@link beaten} if it began beaten. */
  readonly beats: number
}

/** What is under way on one key. */
interface Running {
  /** When the last of them began, ms since epoch. */
  since: number
  /** How many there are. */
  count: number
  /** How often they were beaten. */
  beats: number
  /** The writes among them that are not taken for dead, oldest first: on Workers their requests may be over. */
  readonly writes: Set<Ticket>
}

/** No count of beats is ever this. */
const beaten = -1

/**
 * Keeps outdated copies out of the near tier. When two operations on a key overlap, the beaten one leaves no copy:
 *
 *     begins first    then, before that ends      beaten
 *     read            write                       the read: its count of beats is no longer that of the key
 *     write           read                        the read: it begins beaten
 *     write           write                       both: the first by its count, the second begins so
 *     read or write   clear begins, or ends       what began first, by its count
 *     clear           read or write               what began then: it begins beaten
 *     dead write      read or write, before       what runs on the key when the dead one ends after all
 *
 * A write is dead after ten seconds: it no longer beats what begins. An operation whose key is not tracked any more
 * counts as beaten, for nobody has counted for it.
 */
export class Fences {
  readonly #running = new ShortLived<Running>()
  readonly #clearing = new Set<{ readonly prefix: string; readonly since: number }>()
  /** How many writes have begun. */
  writes = 0

  /**
   * An operation on `key` begins. One that `writes` beats what is under way on the key, and what begins before its end.
   */
  begin(key: string, writes: boolean): Ticket {
    const since = now()
    let running = this.#running.get(key)
    if (!running) {
      running = { since, count: 0, beats: 0, writes: new Set() }
      this.#running.set(key, running)
    }
    running.since = since
    running.count++
    for (const write of running.writes) {
      if (!isDead(write.since, since)) break
      running.writes.delete(write)
    }
    let isBeaten = running.writes.size > 0
    for (const clearing of this.#clearing) {
      if (isDead(clearing.since, since)) this.#clearing.delete(clearing)
      else isBeaten ||= key.startsWith(clearing.prefix)
    }
    if (writes) {
      this.writes++
      running.beats++
    }
    const ticket = { key, writes, since, running, beats: isBeaten ? beaten : running.beats }
    if (writes) running.writes.add(ticket)
    return ticket
  }

  /** The operation is over. Answers whether nothing has beaten it. */
  end(ticket: Ticket): boolean {
    const { key, writes, running } = ticket
    const isBeaten = this.isBeaten(ticket)
    const known = this.#running.get(key)
    if (writes && known) known.beats++
    running.writes.delete(ticket)
    if (--running.count === 0 && known === running) this.#running.delete(key)
    return !isBeaten
  }

  /** Whether something has beaten it, or may have: then what it brings may be outdated. */
  isBeaten({ key, running, beats }: Ticket): boolean {
    return this.#running.get(key) !== running || running.beats !== beats
  }

  /** Keys under `prefix` are being cleared: beats what is under way on them until the function it returns is called. */
  clear(prefix: string): () => void {
    const clearing = { prefix, since: now() }
    const beat = (): void => {
      for (const [key, running] of this.#running) if (key.startsWith(prefix)) running.beats++
    }
    this.writes++
    this.#clearing.add(clearing)
    beat()
    return () => {
      this.#clearing.delete(clearing)
      beat()
    }
  }

  /** Forgets all that is under way: none of it leaves a copy any more. */
  close(): void {
    this.#running.clear()
    this.#clearing.clear()
  }
}
