import type { Engine } from "./engine.ts"
import type { Lane, Watcher } from "./lane.ts"
import { isWorker } from "./scope.ts"

/** How many batches of one Worker may be under way. */
const maxBatches = 1000

/**
 * Lets the batch of `inner` be told what is written on `lane`, without keeping it: its work may hang for ever. Returns a
 * function that stops it.
 */
export function watch({ watchers }: Lane, inner: Engine): () => void {
  // Workers of an older compatibility date have no WeakRef.
  const isWeak = typeof WeakRef === "function"
  const watcher = watcherOf(watchers, isWeak ? new WeakRef(inner) : { deref: () => inner })
  watchers.add(watcher)
  const [oldest = watcher] = watchers
  // On Workers those of requests that are over would stay for ever. To be safe, all that it read counts as outdated.
  if (isWorker() && watchers.size > maxBatches) {
    oldest(() => true)
    watchers.delete(oldest)
  }
  return () => void watchers.delete(watcher)
}

/** Not inside of {@link watch}: the closures of one function share what any of them names, and would keep `inner`. */
function watcherOf(watchers: Set<Watcher>, ref: { deref(): Engine | undefined }): Watcher {
  const watcher: Watcher = (written) => {
    const inner = ref.deref()
    if (inner) inner.draft?.giveWay(written)
    else watchers.delete(watcher)
  }
  return watcher
}
