/** A cache's counts since it was made. */
export interface Metrics {
  /** Fresh values served. */
  readonly hits: number
  /** Reads that found nothing fresh. If their load fails or is late, they may also count as stale. */
  readonly misses: number
  /** Stale values served. */
  readonly stale: number
  /** Fallbacks started. */
  readonly loads: number
  /** Fallbacks that failed. */
  readonly failures: number
  /** Callers who joined a load that was already running. */
  readonly coalesced: number
  /** Entries that an adapter dropped to keep its bounds. */
  readonly evictions: number
  /** Errors that reached no caller: the storage failed, or a loaded value could not be stored. */
  readonly errors: number
  /** Hits and stale, as a share of hits, stale and misses; 0 before the first read. */
  readonly hitRatio: number
  /** Duration of loads in ms; percentiles of the last 256. */
  readonly loadTime: {
    /** Successful loads since the cache was made. */
    readonly count: number
    /** Over all of them. */
    readonly mean: number
    /** Half of them were no slower. */
    readonly p50: number
    /** 95 % of them were no slower. */
    readonly p95: number
    /** 99 % of them were no slower. */
    readonly p99: number
  }
}

/** Plain fields, so that a hit costs one increment. */
export class Counters {
  hits = 0
  misses = 0
  stale = 0
  loads = 0
  failures = 0
  coalesced = 0
  evictions = 0
  errors = 0
  #loadCount = 0
  #loadSum = 0
  readonly #recent: number[] = []

  loaded(duration: number): void {
    this.#recent[this.#loadCount++ % 256] = duration
    this.#loadSum += duration
  }

  read(): Metrics {
    const { hits, misses, stale, loads, failures, coalesced, evictions, errors } = this
    const sorted = [...this.#recent].sort((a, b) => a - b)
    const at = (share: number) => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0
    const reads = hits + stale + misses
    return {
      hits,
      misses,
      stale,
      loads,
      failures,
      coalesced,
      evictions,
      errors,
      hitRatio: reads === 0 ? 0 : (hits + stale) / reads,
      loadTime: {
        count: this.#loadCount,
        mean: this.#loadCount === 0 ? 0 : this.#loadSum / this.#loadCount,
        p50: at(0.5),
        p95: at(0.95),
        p99: at(0.99),
      },
    }
  }
}
