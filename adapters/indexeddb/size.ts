const sample = 64
const depth = 16

/**
 * About how many bytes structured clone makes of `value`.
 *
 * Long arrays and wide objects are measured by their first 64 members; what lies deeper than 16 levels is not
 * looked at. So it takes microseconds whatever the value.
 */
export function sizeOf(value: unknown, level = 0): number {
  if (typeof value === "string") return value.length
  if (typeof value !== "object" || value === null || level > depth) return 8
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return value.byteLength
  if (typeof Blob === "function" && value instanceof Blob) return value.size
  if (value instanceof Map || value instanceof Set) return 8 + sizeOfAll(value, value.size, level)
  if (Array.isArray(value)) return 8 + sizeOfAll(value, value.length, level)
  const names = Object.keys(value)
  let bytes = 0
  for (let i = 0; i < names.length && i < sample; i++) {
    const name = names[i] ?? ""
    bytes += name.length + sizeOf(Reflect.get(value, name), level + 1)
  }
  return 8 + scaled(bytes, names.length)
}

function sizeOfAll(members: Iterable<unknown>, count: number, level: number): number {
  let bytes = 0
  let looked = 0
  for (const member of members) {
    bytes += sizeOf(member, level + 1)
    if (++looked === sample) break
  }
  return scaled(bytes, count)
}

function scaled(bytes: number, count: number): number {
  return count > sample ? Math.round((bytes / sample) * count) : bytes
}
