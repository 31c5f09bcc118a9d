/** How a run over the log went. */
export interface Run {
  readonly requests: number
  readonly originCalls: number
  readonly seconds: number
  /** Milliseconds, sorted. */
  readonly latencies: Float64Array
}

/** On a terminal a bar that moves; elsewhere one line at the end. */
export function drawProgress(title: string, share: number): void {
  const bar = "█".repeat(Math.round(share * 40)).padEnd(40, "░")
  const line = `  ${title.padEnd(16)} ${bar} ${String(Math.floor(share * 100)).padStart(3)} %`
  if (process.stdout.isTTY) process.stdout.write(`\r${line}`)
  else if (share === 1) console.log(line)
}

/** Prints the table: without the cache beside with it. */
export function printReport(
  bare: Run,
  kept: Run,
  { hitRatio, coalesced }: { hitRatio: number; coalesced: number },
): void {
  const saved = kept.requests - kept.originCalls
  const share = `${((100 * saved) / kept.requests).toFixed(1)} %`
  const rows: [name: string, without: string, cached: string][] = [
    ["", "without", "with cache"],
    ["requests", numberText(bare.requests), numberText(kept.requests)],
    ["hit ratio", "–", `${(100 * hitRatio).toFixed(1)} %`],
    ["joined a load", "–", numberText(coalesced)],
    ["origin calls", numberText(bare.originCalls), numberText(kept.originCalls)],
    ["origin calls saved", "–", `${numberText(saved)} (${share})`],
    ["latency p50", latency(bare, 0.5), latency(kept, 0.5)],
    ["latency p95", latency(bare, 0.95), latency(kept, 0.95)],
    ["latency p99", latency(bare, 0.99), latency(kept, 0.99)],
    ["seconds", bare.seconds.toFixed(1), kept.seconds.toFixed(1)],
  ]
  console.log()
  for (const [name, left, right] of rows)
    console.log(`  ${name.padEnd(20)}${left.padStart(14)}${right.padStart(20)}`)
  console.log(`\n  Without a cache only the first ${numberText(bare.requests)} requests were sent.\n`)
}

/** A whole number with commas between thousands. */
export function numberText(count: number): string {
  return count.toLocaleString("en")
}

function latency({ latencies }: Run, share: number): string {
  const ms = latencies[Math.max(0, Math.ceil(latencies.length * share) - 1)] ?? 0
  return `${ms < 1 ? ms.toFixed(3) : ms.toFixed(1)} ms`
}
