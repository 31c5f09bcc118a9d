import { CacheError, shortKey } from "../../src/base/errors.ts"
import { messageOf } from "../../src/base/thrown.ts"

/** The largest value in Workers KV, in bytes. */
export const valueLimit = 26_214_400

/** The status in an error of Workers KV ("KV PUT failed: 429 Too Many Requests"); `undefined` in any other. */
export function statusOf(error: unknown): number | undefined {
  const [, status] = /^KV \w+ failed: (\d{3})\b/.exec(messageOf(error)) ?? []
  return status === undefined ? undefined : Number(status)
}

/** Turns what Workers KV threw on `action` into a `CacheError` with the cure; a `CacheError` passes unchanged. */
export function explain(
  error: unknown,
  action: "read" | "write" | "delete" | "list",
  key?: string,
): CacheError {
  if (error instanceof CacheError) return error
  const details = { cause: error, ...(key !== undefined && { key }) }
  const status = statusOf(error)
  if (status === 413 && action === "write" && key !== undefined) return tooLarge(key, error)
  const where = key === undefined ? "" : ` ${shortKey(key)}`
  if (status === 429) {
    const cure = "It takes one write per second per key: write this key less often, or other keys."
    const plan = "It takes only so many operations at a time: ask for less at once."
    const message = `Workers KV refused to ${action}${where}: 429 Too Many Requests. ${action === "write" || action === "delete" ? cure : plan}`
    return new CacheError("ADAPTER_UNAVAILABLE", message, details)
  }
  const why = status === undefined ? "See the cause." : `${messageOf(error).slice(0, 160)}.`
  return new CacheError("ADAPTER_UNAVAILABLE", `Workers KV failed to ${action}${where}. ${why}`, details)
}

/** The error for a record that is larger than Workers KV allows. */
export function tooLarge(key: string, cause?: unknown): CacheError {
  const message = `The entry ${shortKey(key)} is too large for Workers KV, which takes 25 MiB (${valueLimit} bytes). Store less, split it, or compress it.`
  return new CacheError("VALUE_TOO_LARGE", message, cause === undefined ? { key } : { key, cause })
}
