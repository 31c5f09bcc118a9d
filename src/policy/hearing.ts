import type { Adapter, AdapterEvent } from "../adapter.ts"
import { quietly } from "../base/awaitable.ts"

/** Who hears what an adapter reports; `isAdapters` when others over the same adapter hear it as well. */
interface Hearer {
  onReport(event: AdapterEvent, isAdapters: boolean): void
}

/** Of those that nobody keeps any more: their adapters may never report anything, and so not find out. */
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

/** A function of its own: closures of one function keep what any of them names. */
function observe(adapter: Adapter, ref: { deref(): Hearer | undefined }): (() => void) | undefined {
  const stop = adapter.observe?.((event) => {
    const alive = ref.deref()
    if (alive) alive.onReport(event, true)
    else stop?.()
  })
  return stop
}
