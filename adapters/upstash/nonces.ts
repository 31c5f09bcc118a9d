import { toHex } from "../../src/base/bytes.ts"
import { type Reply, resultOf } from "./requests.ts"

/** Whether a `SET NX` was ours: by its own result, or by the stored value if that result was lost. */
export function isOurs(put: Reply | undefined, found: Reply | undefined, value: string): boolean {
  if (put?.error === undefined && put?.result === "OK") return true
  const values = resultOf(found)
  if (Array.isArray(values) && values[0] === value) return true
  resultOf(put)
  return false
}

/** 16 unique characters: they identify a writer, or the holder of a lease. */
export function newNonce(): string {
  return toHex(crypto.getRandomValues(new Uint8Array(8)))
}
