/** A Worker's limit of open connections; more would queue. */
const atOnce = 6

/**
 * Runs `task` on each item, six at a time, and all of them even if one fails; returns results in the items' order.
 *
 * Rejects with the first failure once all have settled, so that no rejection is unhandled.
 */
export async function mapConcurrently<T, R>(
  items: readonly T[],
  task: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  const failures: unknown[] = []
  const queue = items.entries()
  const work = async () => {
    for (const [at, item] of queue) {
      try {
        results[at] = await task(item)
      } catch (error) {
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, work))
  if (failures.length > 0) throw failures[0]
  return results
}

/** Splits `items` into groups of up to `size`. */
export function groups<T>(items: readonly T[], size: number): T[][] {
  const all: T[][] = []
  for (let at = 0; at < items.length; at += size) all.push(items.slice(at, at + size))
  return all
}
