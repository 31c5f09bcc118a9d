/** What a runner says at its end. */
export interface Count {
  passed: number
  failed: number
  skipped: number
}

/** The sum, as one line. */
export function describe({ passed, failed, skipped }: Count): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`
}

export function add(...counts: readonly Count[]): Count {
  const sum: Count = { passed: 0, failed: 0, skipped: 0 }
  for (const count of counts) {
    sum.passed += count.passed
    sum.failed += count.failed
    sum.skipped += count.skipped
  }
  return sum
}

/** One check that passed or failed. */
export function one(passed: boolean): Count {
  return { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0 }
}
