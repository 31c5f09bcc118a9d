import { quietly } from "./awaitable.ts"

/** Who is told of something. */
interface Hearer<T> {
  hear(told: T): void
}

type Listen<T> = (listener: (told: T) => void) => (() => void) | undefined

/** Stops the telling of those that are gone. */
let dropped: FinalizationRegistry<() => void> | undefined

/**
 * Lets `hearer` hear what `listen` does, without keeping it: many may come and go over one adapter or bus. Returns what
 * `listen` answers, a function that stops it.
 */
export function hearWeakly<T>(hearer: Hearer<T>, listen: Listen<T>): (() => void) | undefined {
  // Workers of an older compatibility date have neither WeakRef nor what goes with it.
  if (typeof WeakRef !== "function") return listen((told) => hearer.hear(told))
  const stop = listenFor(new WeakRef(hearer), listen)
  dropped ??= new FinalizationRegistry(quietly)
  if (stop) dropped.register(hearer, stop)
  return stop
}

/** Not inside of {@link hearWeakly}: the closures of one function share what any of them names, and would keep `hearer`. */
function listenFor<T>(ref: WeakRef<Hearer<T>>, listen: Listen<T>): (() => void) | undefined {
  return listen((told) => ref.deref()?.hear(told))
}
