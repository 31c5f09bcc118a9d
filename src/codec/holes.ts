/*
 * Long lists of little: what they claim to hold must cost nothing.
 */

/** Whether elements drawn at random are there, so that nobody can know which are looked at. */
export function isDense(source: readonly unknown[]): boolean {
  for (let left = 32; left > 0; left--)
    if (!(Math.floor(Math.random() * source.length) in source)) return false
  return true
}

/**
 * A list of `length` holes. Many take no memory: V8 would keep a slot for each if it were told the length alone.
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
