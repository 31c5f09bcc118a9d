import type { Adapter, AdapterEvent } from "../adapter.ts"
import { quietly } from "../base/awaitable.ts"

/** Hears what an adapter reports; `isAdapters` when others over the same adapter hear it as well. */
interface Hearer {
  onReport(event: AdapterEvent, isAdapters: boolean): void
}

/** Stops the reports to hearers that are gone: an adapter that never reports anything would not find out. */
let dropped: FinalizationRegistry<() => void> | undefined

/**
 * Lets `hearer` hear what `adapter` reports, without keeping it: many caches may come and go over one adapter. Returns
 * a function that stops it.
 */
export function hear(adapter: Adapter, hearer: Hearer): (() => void) | undefined {
  // Workers of an older compatibility date have neither WeakRef nor what goes with it.
  const isWeak = typeof WeakRef === "function"
  const stop = observe(adapter, isWeak ? new WeakRef(hearer) : { deref: () => hearer })
  if (stop && isWeak) {
    dropped ??= new FinalizationRegistry(quietly)
    dropped.register(hearer, stop)
  }
  return stop
}

/** Not inside of {@link hear}: the closures of one function share what any of them names, and would keep `hearer`. */
function observe(adapter: Adapter, ref: { deref(): Hearer | undefined }): (() => void) | undefined {
  const stop = adapter.observe?.((event) => {
    const alive = ref.deref()
    if (alive) alive.onReport(event, true)
    else stop?.()
  })
  return stop
}
