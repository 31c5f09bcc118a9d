import { toHex } from "../../src/base/bytes.ts"
import { type Reply, resultOf } from "./requests.ts"

/** Whether a `SET NX` was ours: by its own answer, or by what lies there when that answer got lost on the way. */
export function isOurs(put: Reply | undefined, found: Reply | undefined, value: string): boolean {
  if (put?.error === undefined && put?.result === "OK") return true
  const values = resultOf(found)
  if (Array.isArray(values) && values[0] === value) return true
  resultOf(put)
  return false
}

/** 16 characters that nobody else draws: they tell who wrote, or who holds a lease. */
export function newNonce(): string {
  return toHex(crypto.getRandomValues(new Uint8Array(8)))
}
