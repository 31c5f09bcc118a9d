import { quietly } from "./awaitable.ts"

/** The hearer, held weakly. */
interface Hearer<T> {
  hear(message: T): void
}

type Listen<T> = (listener: (message: T) => void) => (() => void) | undefined

/** Ends the subscription of hearers that were collected. */
let dropped: FinalizationRegistry<() => void> | undefined

/**
 * Subscribes `hearer` by `listen` without keeping it in memory: many may come and go over one adapter or bus. Returns
 * the function that `listen` returned, which unsubscribes.
 */
export function hearWeakly<T>(hearer: Hearer<T>, listen: Listen<T>): (() => void) | undefined {
  // Workers with an older compatibility date have no WeakRef and no FinalizationRegistry.
  if (typeof WeakRef !== "function") return listen((message) => hearer.hear(message))
  const stop = listenFor(new WeakRef(hearer), listen)
  dropped ??= new FinalizationRegistry(quietly)
  if (stop) dropped.register(hearer, stop)
  return stop
}

/** A separate function: closures of one function share what any of them references, and would keep `hearer`. */
function listenFor<T>(ref: WeakRef<Hearer<T>>, listen: Listen<T>): (() => void) | undefined {
  return listen((message) => ref.deref()?.hear(message))
}
