import type { Pending } from "./transaction.ts"

/** How many reads share a transaction. */
const readsAtOnce = 64

/**
 * Splits the operations of one turn, in order, into reads with transactions of their own, and the rest for one write
 * transaction: the writes, and the reads after a write that they must see.
 */
export function split(all: readonly Pending[]): {
  readonly reads: readonly (readonly Pending[])[]
  readonly writes: readonly Pending[]
} {
  const reads: Pending[][] = []
  const writes: Pending[] = []
  const written = new Set<string>()
  let anyWritten = false
  let part: Pending[] = []
  for (const pending of all) {
    const { key, writes: changes } = pending.operation
    if (changes) {
      if (key === undefined) anyWritten = true
      else written.add(key)
      writes.push(pending)
    } else if (anyWritten || (key === undefined ? written.size > 0 : written.has(key))) {
      writes.push(pending)
    } else {
      if (part.length === 0) reads.push(part)
      part.push(pending)
      if (part.length === readsAtOnce) part = []
    }
  }
  return { reads, writes }
}
