import { isObject } from "../../src/base/kind.ts"

const sample = 64
const depth = 16

/**
 * Roughly how many bytes the structured clone of `value` takes.
 *
 * Long arrays and wide objects are estimated by their first 64 members; below 16 levels nothing is examined, and a
 * repeated object counts as a reference. So it takes microseconds for most values.
 */
export function sizeOf(value: unknown, level = 0, seen: Set<object> = new Set()): number {
  if (typeof value === "string") return value.length
  if (!isObject(value) || level > depth || seen.has(value)) return 8
  seen.add(value)
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return value.byteLength
  if (typeof Blob === "function" && value instanceof Blob) return value.size
  if (value instanceof Map || value instanceof Set) return 8 + sizeOfAll(value, value.size, level, seen)
  if (Array.isArray(value)) return 8 + sizeOfAll(value, value.length, level, seen)
  const names = Object.keys(value)
  let bytes = 0
  for (let i = 0; i < names.length && i < sample; i++) {
    const name = names[i] ?? ""
    bytes += name.length + sizeOf(Reflect.get(value, name), level + 1, seen)
  }
  return 8 + scaled(bytes, names.length)
}

function sizeOfAll(members: Iterable<unknown>, count: number, level: number, seen: Set<object>): number {
  let bytes = 0
  let looked = 0
  for (const member of members) {
    bytes += sizeOf(member, level + 1, seen)
    if (++looked === sample) break
  }
  return scaled(bytes, count)
}

function scaled(bytes: number, count: number): number {
  return count > sample ? Math.round((bytes / sample) * count) : bytes
}
