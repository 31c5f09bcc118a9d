const prime = 0x01000193

/**
 * A 32-bit checksum as 8 hexadecimal digits. It detects every change of a single byte, and misses others once in 2³².
 * It only protects against accidents: an attacker can compute it, too.
 *
 * FNV-1a (Fowler, Noll, Vo) over words of four bytes in two lanes, which processors run in parallel, with the finalizer
 * of MurmurHash3 (Appleby).
 */
export function checksum(bytes: Uint8Array): string {
  const { length } = bytes
  // Words must be aligned to four bytes, and copying is faster than reading bytewise. Not slice(): that of a Node
  // Buffer copies nothing.
  const even = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes)
  const words = new Int32Array(even.buffer, even.byteOffset, length >> 2)
  let one = 0x811c9dc5
  let other = 0x9e3779b9
  for (let at = 0; at < words.length; at += 2) {
    one = Math.imul(one ^ (words[at] ?? 0), prime)
    other = Math.imul(other ^ (words[at + 1] ?? 0), prime)
  }
  for (let at = words.length * 4; at < length; at++) one = Math.imul(one ^ (bytes[at] ?? 0), prime)
  // Each step is injective.
  let joined = Math.imul(one ^ (one >>> 15), 0xc2b2ae3d) ^ other
  joined = Math.imul(joined ^ (joined >>> 16), 0x85ebca6b) ^ length
  joined = Math.imul(joined ^ (joined >>> 13), 0xc2b2ae35)
  return ((joined ^ (joined >>> 16)) >>> 0).toString(16).padStart(8, "0")
}
