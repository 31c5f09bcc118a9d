import type { Adapter, Stored } from "../adapter.ts"

/** The first framed record under any of the keys. Fails if there is none. */
export async function recordUnder(
  adapter: Adapter,
  written: ReadonlySet<string>,
): Promise<string | Uint8Array> {
  for (const key of written) {
    const record = await adapter.get(key)
    if (typeof record === "string" || record instanceof Uint8Array) return record
  }
  throw new Error(`expected a record of medium ${adapter.medium} in the storage, found none`)
}

/** Where to cut a record of `size`: near its ends and in the middle. */
export function cuts(size: number): number[] {
  const all = [0, 1, 2, 5, size >> 2, size >> 1, size - 20, size - 10, size - 3, size - 2, size - 1]
  return [...new Set(all)].filter((at) => at >= 0 && at < size)
}

/** The record with another format version, which is the second character or byte. */
export function ofVersion(record: Stored, version: number): Stored {
  if (typeof record === "string") return `${record.slice(0, 1)}${version}${record.slice(2)}`
  if (!(record instanceof Uint8Array)) return { ...Object(record), format: version }
  const copy = record.slice()
  copy[1] = String(version).charCodeAt(0)
  return copy
}

/** The record up to `at`. */
export function cut(record: string | Uint8Array, at: number): Stored {
  return record.slice(0, at)
}

/** The record with the bits of `mask` flipped at `at`. */
export function flip(record: string | Uint8Array, at: number, mask: number): Stored {
  if (typeof record === "string") {
    return record.slice(0, at) + String.fromCharCode(record.charCodeAt(at) ^ mask) + record.slice(at + 1)
  }
  const copy = record.slice()
  copy[at] = (copy[at] ?? 0) ^ mask
  return copy
}

/** Replaces the record's JSON by `payload`, padded with blanks. */
export function replace(record: string | Uint8Array, payload: string): Stored {
  // Bytes become one character each, and then bytes again.
  const text =
    typeof record === "string" ? record : Array.from(record, (byte) => String.fromCharCode(byte)).join("")
  const start = text.indexOf("{", text.indexOf("\n"))
  const end = text.lastIndexOf("}") + 1
  const forged = text.slice(0, start) + payload.padEnd(end - start, " ") + text.slice(end)
  return typeof record === "string" ? forged : Uint8Array.from(forged, (char) => char.charCodeAt(0))
}
