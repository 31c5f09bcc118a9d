let encoder: TextEncoder | undefined

/** Encodes as UTF-8. A lone surrogate becomes U+FFFD. */
export function toUtf8(text: string): Uint8Array<ArrayBuffer> {
  encoder ??= new TextEncoder()
  return encoder.encode(text)
}

/** Whether `text` has no lone surrogate, so that {@link toUtf8} loses nothing. */
export function isWellFormed(text: string): boolean {
  const native: unknown = Reflect.get(String.prototype, "isWellFormed")
  return typeof native === "function" ? native.call(text) : !/\p{Surrogate}/u.test(text)
}

/**
 * Decodes UTF-8, keeping a byte order mark.
 *
 * @throws {TypeError} If `bytes` is not UTF-8.
 */
export function fromUtf8(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
}

/** Whether it is a `Uint8Array` of any realm: in a `node:vm` context, files are read as arrays of another realm. */
export function isBytes(value: unknown): value is Uint8Array {
  return Object.prototype.toString.call(value) === "[object Uint8Array]"
}

/** How many bytes `text` takes in UTF-8. */
export function utf8Length(text: string): number {
  return toUtf8(text).length
}

let digits: readonly string[] | undefined

/** `bytes` in hexadecimal, lower case. */
export function toHex(bytes: Uint8Array): string {
  digits ??= Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"))
  let text = ""
  for (const byte of bytes) text += digits[byte]
  return text
}

/** SHA-256 in hex. Rejects without WebCrypto, as on a page with an insecure origin. */
export async function sha256(text: string): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", toUtf8(text))))
}

/** Base64 with padding, RFC 4648 §4. */
export function toBase64(bytes: Uint8Array): string {
  if ("toBase64" in bytes && typeof bytes.toBase64 === "function") return bytes.toBase64()
  let text = ""
  // In chunks, because engines limit the number of arguments.
  for (let at = 0; at < bytes.length; at += 8192)
    text += String.fromCharCode(...bytes.subarray(at, at + 8192))
  return btoa(text)
}

/**
 * Decodes base64.
 *
 * @throws {Error} If `text` is not base64.
 */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const native: unknown = Reflect.get(Uint8Array, "fromBase64")
  if (typeof native === "function") return native.call(Uint8Array, text)
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at)
  return bytes
}

/** Concatenates `parts`. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
