/** What a copy remembers on its way. */
export interface Walk {
  readonly seen: Map<object, object>
  depth: number
  /** Whether an object was reached twice. */
  shared: boolean
  /** Whether there is something that is neither a primitive nor a plain object or array. */
  rare: boolean
}

/** Nesting deeper than this is refused everywhere alike, long before any runtime's stack ends. */
export const maxDepth = 1000

/** A walk that has met nothing yet. */
export function newWalk(): Walk {
  return { seen: new Map(), depth: 0, shared: false, rare: false }
}

/**
 * Copies plain objects and arrays in depth: cycles and shared references stay what they are, holes stay holes,
 * getters become values, an object without prototype becomes an ordinary one. Whatever else there is stays as it
 * is, and makes the walk rare; so does a getter that throws.
 */
export function copyPlain(value: unknown, walk: Walk): unknown {
  try {
    return copy(value, walk)
  } catch {
    walk.rare = true
    return value
  }
}

function copy(value: unknown, walk: Walk): unknown {
  if (typeof value !== "object" || value === null) {
    if (typeof value === "function" || typeof value === "symbol") walk.rare = true
    return value
  }
  const known = walk.seen.get(value)
  if (known) {
    walk.shared = true
    return known
  }
  const proto: unknown = Object.getPrototypeOf(value)
  const isList = proto === Array.prototype && Array.isArray(value) && value.length < hugeLength
  if (!(isList || proto === null || proto === Object.prototype) || walk.depth >= maxDepth) {
    walk.rare = true
    return value
  }
  // Members are reached by name; of arrays too, whose names are their indexes.
  const made = (isList ? value.slice() : { ...value }) as Record<string, unknown>
  walk.seen.set(value, made)
  walk.depth++
  if (isList) {
    for (let at = 0; at < value.length; at++) {
      const part = made[at]
      // Most are passed over here; and so are holes.
      if (typeof part !== "string" && typeof part !== "number" && part !== undefined)
        made[at] = copy(part, walk)
    }
  } else {
    // Symbols as keys are refused, and no structured clone can be relied on with a member of that name.
    if (Object.getOwnPropertySymbols(made).length > 0 || Object.hasOwn(made, "__proto__")) walk.rare = true
    for (const name of Object.keys(made)) made[name] = copy(made[name], walk)
  }
  walk.depth--
  return made
}

/** A claimed length must cost nothing. */
const hugeLength = 1e6

/** Copies what {@link copyPlain} made where its walk was neither shared nor rare; faster. */
export function copyTree(source: object): object {
  if (Array.isArray(source)) {
    const made: unknown[] = source.slice()
    for (let at = 0; at < made.length; at++) {
      const part = made[at]
      if (typeof part === "object" && part !== null) made[at] = copyTree(part)
    }
    return made
  }
  const from = source as Record<string, unknown>
  const made = { ...from }
  // Engines are fast at reading from the very object that is enumerated.
  for (const name in from) {
    const part = from[name]
    if (typeof part === "object" && part !== null && Object.hasOwn(from, name)) made[name] = copyTree(part)
  }
  return made
}
