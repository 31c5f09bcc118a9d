/** How long `ms` is, in words short enough for a table that counts down. */
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

/** Bytes for people: a kB is 1 000. */
export function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  return bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}

/** About how many bytes `value` is as text; cycles and shared parts count once. */
export function sizeOf(value: unknown, seen: Set<object> = new Set()): number {
  if (typeof value === "string") return value.length + 2
  if (typeof value !== "object" || value === null) return String(value).length
  if (seen.has(value)) return 0
  seen.add(value)
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return value.byteLength
  if (value instanceof Map || value instanceof Set || Array.isArray(value)) {
    return [...value].reduce<number>((sum, part) => sum + 1 + sizeOf(part, seen), 2)
  }
  const parts = Object.entries(value)
  if (parts.length === 0) return String(value).length
  return parts.reduce((sum, [name, part]) => sum + name.length + 4 + sizeOf(part, seen), 1)
}

/** The beginning of `value` as one line, whatever it is. */
export function previewOf(value: unknown, length = 90): string {
  let text: string
  try {
    text = value instanceof Error ? String(value) : (JSON.stringify(value, richer) ?? String(value))
  } catch {
    text = Object.prototype.toString.call(value) // cyclic
  }
  return text.length > length ? `${text.slice(0, length)}…` : text
}

function richer(_name: string, value: unknown): unknown {
  if (typeof value === "bigint") return `${value}n`
  if (value instanceof Map) return { Map: [...value].slice(0, 10) }
  if (value instanceof Set) return { Set: [...value].slice(0, 10) }
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return `${value.byteLength} bytes`
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value
}
