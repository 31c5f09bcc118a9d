// Long arrays with holes: a length that is only claimed must cost nothing.

/** Whether 32 elements are there, drawn at random, so that nobody can prepare an array for it. */
export function isDense(source: readonly unknown[]): boolean {
  for (let left = 32; left > 0; left--)
    if (!(Math.floor(Math.random() * source.length) in source)) return false
  return true
}

/**
 * An array of `length` holes. Many take no memory: they are made by way of the last element, for V8 would keep a slot
 * for each if it were told the length alone.
 *
 * @throws {RangeError} For what is no length.
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
