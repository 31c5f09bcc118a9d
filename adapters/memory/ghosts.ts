import { firstSlot, type Queues, queues, small } from "./queues.ts"

/** What left the small queue recently: fingerprints only, so that long keys cost no more than short ones. */
export interface Ghosts {
  /** Remembers `key`, and forgets the oldest above `capacity`. */
  add(key: string, capacity: number): void
  /** Whether `key` is remembered; forgets it. */
  take(key: string): boolean
}

/** A queue with lookup: a hash table with chains in numeric columns, about 25 bytes per member. */
export function makeGhosts(): Ghosts {
  // All slots and chain links exist, so what is read from a column is never undefined: hence `as`.
  let line: Queues
  let marks: Uint32Array
  /** The first slot of each hash's chain; `chain` leads on; 0 ends it. */
  let heads: Uint32Array
  let chain: Uint32Array
  let free: number[]
  let used: number
  makeTable(0)

  function makeTable(length: number): void {
    line = queues(false)
    line.widen(length + firstSlot)
    marks = new Uint32Array(length + firstSlot)
    chain = new Uint32Array(length + firstSlot)
    heads = new Uint32Array(length)
    free = []
    used = firstSlot
  }

  function remove(mark: number): boolean {
    const head = mark & (heads.length - 1)
    let before = 0
    let slot = heads[head] ?? 0
    while (slot !== 0 && marks[slot] !== mark) {
      before = slot
      slot = chain[slot] as number
    }
    if (slot === 0) return false
    if (before === 0) heads[head] = chain[slot] as number
    else chain[before] = chain[slot] as number
    line.remove(slot)
    free.push(slot)
    return true
  }

  return {
    add(key, capacity) {
      // Growing forgets everything: once if bounded by number, once per doubling if bounded by bytes.
      if (capacity > heads.length) makeTable(2 ** Math.ceil(Math.log2(capacity)))
      while (line.count(small) >= capacity) remove(marks[line.oldest(small)] as number)
      const mark = fingerprint(key)
      const slot = free.pop() ?? used++
      const head = mark & (heads.length - 1)
      marks[slot] = mark
      chain[slot] = heads[head] as number
      heads[head] = slot
      line.append(small, slot, 0)
    },
    take: (key) => line.count(small) > 0 && remove(fingerprint(key)),
  }
}

/** FNV-1a over the code units, mixed. Two of 4 × 10⁹ keys share one; then one of them enters main early. */
function fingerprint(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return (hash ^ (hash >>> 13)) >>> 0
}
