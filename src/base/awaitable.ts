/** A value or a promise of it. With a synchronous adapter the whole path stays synchronous. */
export type Awaitable<T> = T | Promise<T>

/** Whether `value` must be awaited. (The promises of Workers' RPC are functions.) */
export function isPromise<T>(value: Awaitable<T>): value is Promise<T> {
  if (typeof value !== "object" && typeof value !== "function") return false
  // Faster than asking with `in`.
  return value !== null && typeof (value as Partial<Promise<T>>).then === "function"
}

/**
 * Calls `next` at once with a value, later with a promise's. (Not `then`: `import()` would take the module for a
 * promise.)
 */
export function chain<T, R>(value: Awaitable<T>, next: (value: T) => Awaitable<R>): Awaitable<R> {
  // Wrapped: a foreign promise may have nothing but a `then`.
  return isPromise(value) ? Promise.resolve(value).then(next) : next(value)
}

/**
 * Calls `next` with two values, immediately if neither is a promise. `ask` is called without waiting for `first`. If
 * both reject, the rejection of `first` must be handled elsewhere.
 */
export function both<A, B, R>(
  first: Awaitable<A>,
  ask: () => Awaitable<B>,
  next: (first: A, second: B) => Awaitable<R>,
): Awaitable<R> {
  if (!isPromise(first)) return chain(ask(), (second) => next(first, second))
  return attempt(ask).then((second) => first.then((one) => next(one, second)))
}

/** Calls foreign code; what it throws or rejects with is ignored. */
export function quietly(call: () => unknown): void {
  try {
    const result = call()
    if (isPromise(result)) hush(result)
  } catch {}
}

/** Marks a promise as handled, whose rejection is ignored or handled elsewhere. */
export function hush(promise: Promise<unknown>): void {
  // Wrapped: a foreign promise may have nothing but a `then`.
  Promise.resolve(promise).catch(() => {})
}

/** The outcome of `work` as a promise; a throw becomes a rejection. */
export function attempt<T>(work: () => Awaitable<T>): Promise<T> {
  try {
    return Promise.resolve(work())
  } catch (error) {
    return Promise.reject(error)
  }
}

/**
 * The results of all `works`, synchronously if none is a promise. Fails only once all that have started have ended: a
 * write still pending would land after the caller's next one.
 */
export function together<T>(works: readonly (() => Awaitable<T>)[]): Awaitable<T[]> {
  const results: Awaitable<T>[] = []
  const failed = (error: unknown): Promise<never> =>
    Promise.allSettled(results).then(() => {
      throw error
    })
  try {
    for (const work of works) results.push(work())
  } catch (error) {
    if (results.some(isPromise)) return failed(error)
    throw error
  }
  return results.some(isPromise) ? Promise.all(results).catch(failed) : (results as T[]) // None is a promise.
}
