import type { Stored } from "../adapter.ts"

/**
 * A damaged copy of `record`: cut short, changed at one place, or, for medium "object", something else altogether.
 *
 * @param at - From 0 to 1: where and how it is damaged.
 */
export function damaged(record: Stored, at: number): Stored {
  if (typeof record === "string") return damagedText(record, at)
  if (record instanceof Uint8Array) return damagedBytes(record, at)
  return at < 0.5 ? { damaged: true } : "damaged"
}

function damagedText(text: string, at: number): string {
  const place = Math.floor(at * text.length)
  if (place % 2 === 0) return text.slice(0, place)
  const changed = String.fromCharCode(text.charCodeAt(place) ^ 1)
  return text.slice(0, place) + changed + text.slice(place + 1)
}

function damagedBytes(bytes: Uint8Array, at: number): Uint8Array {
  const place = Math.floor(at * bytes.length)
  const copy = new Uint8Array(bytes) // slice() of a Node Buffer would share the bytes.
  if (place % 2 === 0) return copy.subarray(0, place)
  copy[place] = (copy[place] ?? 0) ^ 1
  return copy
}
