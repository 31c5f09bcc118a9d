import { isPlain } from "../base/kind.ts"
import { maxDepth } from "./clone.ts"

/**
 * Whether `JSON.stringify` keeps all of `value`, decided in one pass: strings, finite numbers, booleans and null, in a
 * tree of plain objects and arrays without holes.
 */
export function isPlainJson(value: unknown): boolean {
  try {
    return isKeptByJson(value, 0)
  } catch {
    return false // A getter that throws.
  }
}

function isKeptByJson(value: unknown, depth: number, seen?: Seen): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true
    case "number":
      // Infinity minus itself is NaN, and 1 / -0 is negative.
      return value - value === 0 && (value !== 0 || 1 / value > 0)
    case "object":
      return value === null || isTree(value, depth, seen)
    default:
      return false
  }
}

function isTree(value: object, depth: number, seen?: Seen): boolean {
  if (depth >= maxDepth) return false
  // An object referenced twice must come back as one.
  if (seen !== undefined && isMetAgain(value, seen)) return false
  // JSON would call it, and the loop may miss it: it need not be enumerable. An inherited one cannot be avoided.
  const { toJSON } = value as { readonly toJSON?: unknown } // `undefined` if absent.
  if (typeof toJSON === "function" && Object.hasOwn(value, "toJSON")) return false
  if (Array.isArray(value)) {
    if (Object.getPrototypeOf(value) !== Array.prototype) return false
    for (let at = 0; at < value.length; at++) {
      const element: unknown = value[at]
      // The fast path for most elements, and members below.
      if (typeof element === "string") continue
      if (typeof element === "object" && seen === undefined) seen = { few: [value] }
      if (!isKeptByJson(element, depth + 1, seen)) return false
    }
    return true
  }
  if (!isPlain(value) || Object.getOwnPropertySymbols(value).length > 0) return false
  // Members are accessed by name.
  const members = value as Record<string, unknown>
  for (const name in members) {
    const member = members[name]
    if (typeof member === "string") continue
    if (typeof member === "object" && seen === undefined) seen = { few: [value] }
    if (!isKeptByJson(member, depth + 1, seen)) return false
  }
  return true
}

/** The objects met so far. */
interface Seen {
  readonly few: object[]
  /** All of them, once there are too many to search a list. */
  many?: Set<object>
}

function isMetAgain(value: object, seen: Seen): boolean {
  const { few, many } = seen
  if (many !== undefined) {
    const before = many.size
    return many.add(value).size === before
  }
  if (few.includes(value)) return true
  if (few.push(value) > 16) seen.many = new Set(few)
  return false
}

/**
 * Parses JSON.
 *
 * @throws {Error} If it is not JSON, or nested deeper than any value.
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text)
  if (opensMany(text) && isDeep(value, maxDepth)) throw new RangeError("too deep")
  return value
}

/** Whether it has enough brackets to be too deep: counting them is fast. */
function opensMany(text: string): boolean {
  let left = maxDepth
  for (const bracket of ["[", "{"]) {
    for (let at = text.indexOf(bracket); at >= 0 && left >= 0; at = text.indexOf(bracket, at + 1)) left--
  }
  return left < 0
}

/** Whether more than `left` objects are nested. */
function isDeep(value: unknown, left: number): boolean {
  if (typeof value !== "object" || value === null) return false
  if (left === 0) return true
  const members = value as Record<string | number, unknown> // Both are accessed by name.
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) if (isDeep(members[at], left - 1)) return true
  } else {
    for (const name in members) if (isDeep(members[name], left - 1)) return true
  }
  return false
}
