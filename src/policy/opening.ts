import { type Awaitable, isPromise } from "../base/awaitable.ts"
import { CacheError } from "../base/errors.ts"
import { scrub } from "../base/scrub.ts"
import type { Store } from "../store/store.ts"
import type { Source } from "./found.ts"

/** The storage of `source`, opened. What stands in the way is `ADAPTER_UNAVAILABLE`, unless it has a code of its own. */
export function storeOf(source: Source, report: (error: unknown) => void): Awaitable<Store> {
  const refused = (error: unknown): never => {
    throw unavailable(error, source.name)
  }
  try {
    const store = source.open(report)
    return isPromise(store) ? store.catch(refused) : store
  } catch (error) {
    return refused(error)
  }
}

function unavailable(error: unknown, name: string): unknown {
  const cause = scrub(error)
  if (cause instanceof CacheError) return cause
  const why = cause instanceof Error ? cause.message : cause
  return new CacheError(
    "ADAPTER_UNAVAILABLE",
    `The storage "${name}" cannot be opened: ${why}. Mend that, or use another adapter.`,
    { cause },
  )
}
