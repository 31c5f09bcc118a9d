import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

/** Collects garbage, and answers how many of `refs` are still held by somebody. */
export async function held(refs: readonly WeakRef<object>[]): Promise<number> {
  setFlagsFromString("--expose-gc")
  const collect: () => void = runInNewContext("gc")
  // What a turn has looked at is kept for as long as it lasts; setImmediate is never faked here.
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => setImmediate(resolve))
    collect()
  }
  return refs.filter((ref) => ref.deref() !== undefined).length
}
