import { hearWeakly } from "../base/weakly.ts"
import type { Draft } from "./draft.ts"
import type { Lane, Watcher } from "./lane.ts"
import { isWorker } from "./scope.ts"

/** How many batches of one Worker may be under way. */
const maxBatches = 1000

/**
 * Lets `draft` hear what is written on `lane`, without keeping it: the work of its batch may hang for ever. Returns a
 * function that stops it.
 */
export function watch({ watchers }: Lane, draft: Draft): (() => void) | undefined {
  return hearWeakly(draft, (watcher: Watcher) => {
    watchers.add(watcher)
    const [oldest = watcher] = watchers
    // On Workers those of requests that are over would stay for ever. To be safe, all that it read counts as outdated.
    if (isWorker() && watchers.size > maxBatches) {
      oldest(() => true)
      watchers.delete(oldest)
    }
    return () => void watchers.delete(watcher)
  })
}
