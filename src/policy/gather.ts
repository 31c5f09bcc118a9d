import type { Awaitable } from "../base/awaitable.ts"
import type { Call } from "./call.ts"
import type { Found } from "./found.ts"

/** Reads the entry of a call. */
export type Read = (call: Call) => Promise<Found>

/** Collects the calls of one turn and serves them with one `read`, in the next microtask. */
export function gathered(read: (first: Call, keys: readonly string[]) => Awaitable<Found[]>): Read {
  let waiting: Call[] = []
  let reads: Promise<Found[]> | undefined
  return (call) => {
    const at = waiting.push(call) - 1
    reads ??= Promise.resolve().then(() => {
      const keys = waiting.map(({ key }) => key)
      waiting = []
      reads = undefined
      return read(call, keys)
    })
    return reads.then((all) => all[at] as Found) // One for each key.
  }
}
