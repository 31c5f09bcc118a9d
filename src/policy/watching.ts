import { hearWeakly } from "../base/weakly.ts"
import type { Draft } from "./draft.ts"
import type { Lane, Watcher } from "./lane.ts"
import { isWorker } from "./scope.ts"

/** How many batches of one Worker may run at once. */
const maxBatches = 1000

/**
 * Notifies `draft` of writes on `lane` without keeping it in memory: the work of its batch may hang for ever. Returns a
 * function that stops this.
 */
export function watch({ watchers }: Lane, draft: Draft): (() => void) | undefined {
  return hearWeakly(draft, (watcher: Watcher) => {
    watchers.add(watcher)
    const [oldest = watcher] = watchers
    // On Workers those of finished requests would stay for ever. The oldest is told that all it has read is outdated.
    if (isWorker() && watchers.size > maxBatches) {
      oldest(() => true)
      watchers.delete(oldest)
    }
    return () => void watchers.delete(watcher)
  })
}
