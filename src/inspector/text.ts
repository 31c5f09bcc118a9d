/** Formats `ms`, short enough for a table that counts down. */
export function lifeText(ms: number): string {
  if (ms === Infinity) return "for ever"
  if (ms <= 0) return "over"
  const seconds = Math.ceil(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`
}

/** Formats a size in bytes; a kB is 1 000. */
export function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  return bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}

/** How many members of an array or object are examined: it may claim a length that cannot be traversed. */
const sample = 64

/** About how many bytes `value` takes as text, estimated from its first members. Cycles and shared parts count once. */
export function sizeOf(value: unknown, seen: Set<object> = new Set()): number {
  if (typeof value === "string") return value.length + 2
  if (typeof value !== "object" || value === null) return String(value).length
  if (seen.has(value)) return 0
  seen.add(value)
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return value.byteLength
  if (Array.isArray(value)) return 2 + sizeOfAll(value, value.length, (part) => 1 + sizeOf(part, seen))
  if (value instanceof Map || value instanceof Set) {
    return 2 + sizeOfAll<unknown>(value, value.size, (part) => 1 + sizeOf(part, seen))
  }
  const names = Object.keys(value)
  if (names.length === 0) return String(value).length
  const part = (name: string) => name.length + 4 + sizeOf(Reflect.get(value, name), seen)
  return 1 + sizeOfAll(names, names.length, part)
}

function sizeOfAll<T>(members: Iterable<T>, count: number, size: (member: T) => number): number {
  const some = firstOf(members, sample)
  const bytes = some.reduce((sum, member) => sum + size(member), 0)
  return count > sample ? Math.round((bytes / sample) * count) : bytes
}

/** The start of `value` as one line, whatever it is. */
export function previewOf(value: unknown): string {
  let text: string
  try {
    text = value instanceof Error ? String(value) : (JSON.stringify(value, displayed) ?? String(value))
  } catch {
    text = Object.prototype.toString.call(value) // cyclic
  }
  return beginOf(text, 90)
}

/** A key as shown: only the start of a long one. */
export function nameOf(key: string): string {
  return key === "" ? "(empty)" : beginOf(key, 200)
}

/** The first `most` characters of `text`, with an ellipsis if it is longer. */
function beginOf(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text
}

/** For JSON.stringify: represents what JSON lacks, and truncates what is longer than a line. */
function displayed(_name: string, value: unknown): unknown {
  if (typeof value === "string") return value.slice(0, 100)
  if (typeof value === "bigint") return `${value}n`
  if (Array.isArray(value)) return value.slice(0, sample)
  if (value instanceof Map) return { Map: firstOf<unknown>(value, 10) }
  if (value instanceof Set) return { Set: firstOf<unknown>(value, 10) }
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return `${value.byteLength} bytes`
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value
}

function firstOf<T>(members: Iterable<T>, most: number): T[] {
  const first: T[] = []
  for (const member of members) {
    if (first.push(member) === most) break
  }
  return first
}
