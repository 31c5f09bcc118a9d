/** First-in-first-out queues over slots: numbers from {@link firstSlot} on. All operations are O(1), none allocates. */
export interface Queues {
  /** The slot that entered `queue` first. Only call it if the queue is not empty. */
  oldest(queue: number): number
  /** Appends `slot` to `queue`. */
  append(queue: number, slot: number, size: number): void
  /** Removes `slot` from its queue. */
  remove(slot: number): void
  /** Moves `slot` from its queue to the end of `queue`. */
  move(queue: number, slot: number): void
  /** The queue that holds `slot`. */
  home(slot: number): number
  count(queue: number): number
  /** The sum of the sizes in `queue`. */
  load(queue: number): number
  /** Makes room for slots below `length`. */
  widen(length: number): void
}

/** The queues, by number. */
export const small = 0
export const main = 1
/** The indexes below are the ends of the queues: each queue is a circle through its own. */
export const firstSlot = 2

/** Two empty queues, doubly linked through numeric columns. Unless `sized`, every size counts as 0. */
export function queues(sized: boolean): Queues {
  // Callers know that the slot exists, so what is read from a column is `as number`, never undefined.
  let next = Uint32Array.of(small, main)
  let previous = Uint32Array.of(small, main)
  let homes = Uint8Array.of(small, main)
  let sizes = new Float64Array(firstSlot)
  const counts = [0, 0]
  const loads = [0, 0]

  function add(queue: number, slot: number, sign: number): void {
    counts[queue] = (counts[queue] as number) + sign
    if (sized) loads[queue] = (loads[queue] as number) + sign * (sizes[slot] as number)
  }

  function append(queue: number, slot: number, size: number): void {
    const last = previous[queue] as number
    next[last] = slot
    previous[slot] = last
    next[slot] = queue
    previous[queue] = slot
    homes[slot] = queue
    if (sized) sizes[slot] = size
    add(queue, slot, 1)
  }

  function remove(slot: number): void {
    const before = previous[slot] as number
    const after = next[slot] as number
    next[before] = after
    previous[after] = before
    add(homes[slot] as number, slot, -1)
  }

  return {
    oldest: (queue) => next[queue] as number,
    append,
    remove,
    move(queue, slot) {
      remove(slot)
      append(queue, slot, sized ? (sizes[slot] as number) : 0)
    },
    home: (slot) => homes[slot] as number,
    count: (queue) => counts[queue] as number,
    load: (queue) => loads[queue] as number,
    widen(length) {
      next = extended(next, new Uint32Array(length))
      previous = extended(previous, new Uint32Array(length))
      homes = extended(homes, new Uint8Array(length))
      if (sized) sizes = extended(sizes, new Float64Array(length))
    },
  }
}

/** `to`, which is longer, with the contents of `from` at its start. */
export function extended<T extends { set(from: T): void }>(from: T, to: T): T {
  to.set(from)
  return to
}
