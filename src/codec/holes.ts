// Long arrays with holes: a merely claimed length must cost nothing.

/** Whether 32 elements exist at indexes drawn at random, so that no array can be crafted to pass. */
export function isDense(source: readonly unknown[]): boolean {
  for (let left = 32; left > 0; left--)
    if (!(Math.floor(Math.random() * source.length) in source)) return false
  return true
}

/**
 * An array of `length` holes. Long ones take no memory: they are created through their last element, because V8 would
 * allocate a slot for each hole if given only the length.
 *
 * @throws {RangeError} If `length` is invalid.
 */
export function holes(length: number): unknown[] {
  const made: unknown[] = []
  if (length > 1000) {
    made[length - 1] = 0
    delete made[length - 1]
  }
  made.length = length
  return made
}
