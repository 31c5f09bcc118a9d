/** Eviction policies as simulators over keys 0, 1, 2, …: each answers how many of the requests hit. */

export interface Trace {
  readonly requests: Int32Array
  /** How many distinct keys. */
  readonly distinct: number
}

export type Policy = (trace: Trace, max: number) => number

/** First-in-first-out lists of keys, linked through columns. */
class Lists {
  readonly #next: Int32Array
  readonly #previous: Int32Array
  readonly #homes: Int8Array
  readonly #counts: number[]
  readonly #lists: number

  constructor(keys: number, lists: number) {
    this.#next = Int32Array.from({ length: keys + lists }, (_, i) => i)
    this.#previous = this.#next.slice()
    this.#homes = new Int8Array(keys).fill(-1)
    this.#counts = Array.from({ length: lists }, () => 0)
    this.#lists = lists
  }

  /** The list that holds `key`, -1 if none does. */
  home(key: number): number {
    return this.#homes[key] ?? -1
  }

  count(list: number): number {
    return this.#counts[list] ?? 0
  }

  oldest(list: number): number {
    return (this.#next[list] ?? 0) - this.#lists
  }

  /** Moves `key` to the young end of `list`; -1 takes it out. Answers the key. */
  move(key: number, list: number): number {
    const at = key + this.#lists
    const home = this.home(key)
    if (home >= 0) {
      this.#next[this.#previous[at] ?? 0] = this.#next[at] ?? 0
      this.#previous[this.#next[at] ?? 0] = this.#previous[at] ?? 0
      this.#counts[home] = this.count(home) - 1
    }
    this.#homes[key] = list
    if (list < 0) return key
    const last = this.#previous[list] ?? 0
    this.#next[last] = at
    this.#previous[at] = last
    this.#next[at] = list
    this.#previous[list] = at
    this.#counts[list] = this.count(list) + 1
    return key
  }
}

export const lru: Policy = ({ requests, distinct }, max) => {
  const lists = new Lists(distinct, 1)
  let hits = 0
  for (const key of requests) {
    if (lists.home(key) === 0) hits++
    else if (lists.count(0) >= max) lists.move(lists.oldest(0), -1)
    lists.move(key, 0)
  }
  return hits
}

/** ARC (Megiddo, Modha: "ARC: a self-tuning, low overhead replacement cache", FAST 2003). */
export const arc: Policy = ({ requests, distinct }, max) => {
  const [once, twice, onceGhosts, twiceGhosts] = [0, 1, 2, 3]
  const lists = new Lists(distinct, 4)
  let target = 0
  let hits = 0
  function replace(isTwice: boolean): void {
    const count = lists.count(once)
    const isOnce = count > 0 && (count > target || (isTwice && count === Math.floor(target)))
    if (isOnce || lists.count(twice) === 0) lists.move(lists.oldest(once), onceGhosts)
    else lists.move(lists.oldest(twice), twiceGhosts)
  }
  for (const key of requests) {
    const home = lists.home(key)
    const [a, b] = [lists.count(onceGhosts), lists.count(twiceGhosts)]
    if (home === once || home === twice) hits++
    else if (home === onceGhosts) {
      target = Math.min(max, target + Math.max(1, b / a))
      replace(false)
    } else if (home === twiceGhosts) {
      target = Math.max(0, target - Math.max(1, a / b))
      replace(true)
    } else if (lists.count(once) + a >= max) {
      if (a > 0) {
        lists.move(lists.oldest(onceGhosts), -1)
        replace(false)
      } else lists.move(lists.oldest(once), -1)
    } else {
      const all = lists.count(once) + lists.count(twice) + a + b
      if (all >= 2 * max) lists.move(lists.oldest(b > 0 ? twiceGhosts : onceGhosts), -1)
      if (all - a - b >= max) replace(false)
    }
    lists.move(key, home < 0 ? once : twice)
  }
  return hits
}

/** 2Q (Johnson, Shasha: "2Q: a low overhead high performance buffer management replacement algorithm", VLDB 1994). */
export const twoQueues: Policy = ({ requests, distinct }, max) => {
  const [young, main, ghosts] = [0, 1, 2]
  const lists = new Lists(distinct, 3)
  let hits = 0
  for (const key of requests) {
    const home = lists.home(key)
    if (home === young || home === main) {
      hits++
      if (home === main) lists.move(key, main)
      continue
    }
    if (lists.count(young) + lists.count(main) >= max) {
      if (lists.count(young) > Math.max(1, Math.floor(max / 4)) || lists.count(main) === 0) {
        lists.move(lists.oldest(young), ghosts)
        if (lists.count(ghosts) > Math.max(1, Math.floor(max / 2))) lists.move(lists.oldest(ghosts), -1)
      } else lists.move(lists.oldest(main), -1)
    }
    lists.move(key, home === ghosts ? main : young)
  }
  return hits
}

export interface S3FifoOptions {
  /** How many reads take a key from small to main. */
  readonly reads?: number
  /** Shares of the cache: the small queue at first, its ghosts. */
  readonly small?: number
  readonly ghosts?: number
  /** Main by least recent use in place of rounds. */
  readonly mainLru?: boolean
  /**
   * ARC's rule for the share of the small queue: a hit on a ghost of small widens it, one on a ghost of main narrows
   * it, between these shares. Main then has ghosts, half as many as the cache has entries.
   */
  readonly between?: readonly [least: number, most: number]
}

/** S3-FIFO as in adapters/memory/shelf.ts, with dials. */
export function s3Fifo(options: S3FifoOptions = {}): Policy {
  const { reads = 2, small: share = 0.1, ghosts: ghostShare = 0.9, mainLru = false, between } = options
  const [small, main, smallGhosts, mainGhosts] = [0, 1, 2, 3]
  return ({ requests, distinct }, max) => {
    const lists = new Lists(distinct, 4)
    const uses = new Uint8Array(distinct)
    const usesOf = (key: number): number => uses[key] ?? 0
    let room = Math.max(1, Math.floor(max * share))
    let hits = 0

    function leave(key: number, ghosts: number, most: number): void {
      lists.move(key, most > 0 ? ghosts : -1)
      if (lists.count(ghosts) > most) lists.move(lists.oldest(ghosts), -1)
    }
    function evict(): void {
      if (lists.count(small) === 0 || lists.count(main) > max - Math.max(1, Math.floor(room))) {
        for (; !mainLru && usesOf(lists.oldest(main)) > 0; lists.move(lists.oldest(main), main)) {
          const key = lists.oldest(main)
          uses[key] = usesOf(key) - 1
        }
        leave(lists.oldest(main), mainGhosts, between ? Math.max(1, Math.floor(max / 2)) : 0)
        return
      }
      while (lists.count(small) > 0) {
        const key = lists.oldest(small)
        if (usesOf(key) < reads) {
          leave(key, smallGhosts, Math.max(1, Math.floor(max * ghostShare)))
          return
        }
        uses[key] = 0
        lists.move(key, main)
      }
    }
    function learn(isSmall: boolean): void {
      if (!between) return
      const ratio = lists.count(mainGhosts) / lists.count(smallGhosts)
      if (isSmall) room = Math.min(max * between[1], room + Math.max(1, ratio))
      else room = Math.max(1, max * between[0], room - Math.max(1, 1 / ratio))
    }

    for (const key of requests) {
      const home = lists.home(key)
      if (home === small || home === main) {
        hits++
        uses[key] = Math.min(3, usesOf(key) + 1)
        if (mainLru && home === main) lists.move(key, main)
        continue
      }
      if (home >= 0) {
        learn(home === smallGhosts)
        lists.move(key, -1)
      }
      while (lists.count(small) + lists.count(main) >= max) evict()
      uses[key] = 0
      lists.move(key, home < 0 ? small : main)
    }
    return hits
  }
}
