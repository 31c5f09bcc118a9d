import { isObject } from "../../src/base/kind.ts"

const word = 8
const header = 16
const wide = /[\u0100-\uffff]/

/**
 * Estimates how many bytes `record` takes in memory. Stops as soon as it has counted more than `limit`.
 *
 * Strings 16 + 1 per character (2 if any is beyond Latin-1); numbers 8; objects, arrays, maps and sets 16 + 8 per slot
 * (maps 24) + the contents of the slots; buffers their length; shared parts once. Property names belong to shapes that
 * records share, and are not counted; nor are prototypes, getters, private fields and closures.
 */
export function sizeOf(record: unknown, limit: number): number {
  const seen = new Set<object>()
  const open: unknown[] = [record]
  let size = 0
  while (open.length > 0 && size <= limit) {
    const value = open.pop()
    if (typeof value === "string") size += textSize(value)
    else if (typeof value === "number") size += word
    else if (typeof value === "bigint") size += header + value.toString(16).length / 2
    else if (isObject(value) && !seen.has(value)) {
      seen.add(value)
      size += header + bodySize(value, open)
    }
  }
  return size
}

/** The bytes of a string. */
export function textSize(text: string): number {
  return header + (wide.test(text) ? text.length * 2 : text.length)
}

/** The object's own slots; their contents are added to `open`. */
function bodySize(value: object, open: unknown[]): number {
  if (ArrayBuffer.isView(value)) {
    open.push(value.buffer)
    return 4 * word
  }
  if (value instanceof ArrayBuffer) return value.byteLength
  if (value instanceof Map) {
    for (const [key, held] of value) open.push(key, held)
    return value.size * 3 * word
  }
  if (value instanceof Set) {
    for (const held of value) open.push(held)
    return value.size * 2 * word
  }
  if (value instanceof Error) open.push(value.message, value.stack, value.cause)
  else if (value instanceof URL) open.push(value.href)
  else if (value instanceof RegExp) open.push(value.source)
  else if (value instanceof Date) return word
  // Getters may do and throw anything, so none is called. Arrays have none, but many slots.
  const held = Array.isArray(value)
    ? Object.values(value)
    : Object.keys(value).map((name) => Object.getOwnPropertyDescriptor(value, name)?.value)
  for (const one of held) open.push(one)
  return held.length * word
}
