/** What the benches share: ways that take turns, medians, Markdown tables. Not a bench itself. */

/** One of the ways to do the same work; what it answers is awaited. */
export type Way = (i: number) => unknown

export interface Turns {
  /** Rounds that count; two more warm up. Default 11. */
  readonly rounds?: number
  /** Calls of each way in a round. Default 5 000. */
  readonly calls?: number
}

/** Nanoseconds by the clock. The processor time that a thread is told of goes on in steps of a few milliseconds. */
export function wall(): number {
  return performance.now() * 1e6
}

/** Nanoseconds a call of each way: medians of rounds in which all take turns, so that a slow minute meets all. */
export async function interleaved(
  ways: Readonly<Record<string, Way>>,
  { rounds = 11, calls = 5000 }: Turns = {},
): Promise<Map<string, number>> {
  const times = new Map<string, number[]>(Object.keys(ways).map((name) => [name, []]))
  for (let round = -2; round < rounds; round++) {
    // In another order each time: what one leaves to the garbage collector, the next one pays for.
    for (const [name, way] of shuffled(Object.entries(ways))) {
      const startedAt = wall()
      for (let i = 0; i < calls; i++) await way(i)
      if (round >= 0) times.get(name)?.push((wall() - startedAt) / calls)
    }
    // Timers and finished work of one round do not weigh on the next.
    await new Promise((resolve) => setTimeout(resolve, 0))
  }
  return new Map([...times].map(([name, all]) => [name, median(all)]))
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => [Math.random(), item] as const)
    .sort(([one], [other]) => one - other)
    .map(([, item]) => item)
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => unknown): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((one, other) => one - other)
  return sorted[sorted.length >> 1] ?? Number.NaN
}

/** Nanoseconds in the unit that reads best. */
export function duration(ns: number): string {
  if (ns < 2e3) return `${Math.round(ns).toLocaleString("en")} ns`
  if (ns < 1e6) return `${(ns / 1e3).toFixed(ns < 1e5 ? 1 : 0)} µs`
  if (ns < 1e10) return `${(ns / 1e6).toLocaleString("en", { maximumFractionDigits: ns < 1e8 ? 1 : 0 })} ms`
  return `${(ns / 1e9).toFixed(1)} s`
}

/** How many times `base`. */
export function times(value: number, base: number): string {
  const ratio = value / base
  return `${ratio.toFixed(ratio < 100 ? 2 : 0)} ×`
}

/** A Markdown table. */
export function table(head: readonly string[], rows: Iterable<readonly (string | number)[]>): string {
  const lines = [head, head.map(() => "---"), ...rows]
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n")
}

/** A table of what {@link interleaved} found, beside the first way. */
export function ratios(what: string, found: ReadonlyMap<string, number>): string {
  const [base = Number.NaN] = found.values()
  return table(
    [what, "median", "ratio"],
    [...found].map(([name, ns]) => [name, duration(ns), times(ns, base)]),
  )
}
