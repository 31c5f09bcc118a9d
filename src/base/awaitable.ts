/** A value, or a promise of it: a synchronous adapter keeps the whole path synchronous. */
export type Awaitable<T> = T | Promise<T>

/** Whether `value` must be awaited. (The promises of Workers' RPC are functions.) */
export function isPromise<T>(value: Awaitable<T>): value is Promise<T> {
  if (typeof value !== "object" && typeof value !== "function") return false
  // Engines are slower at asking whether it is there.
  return value !== null && typeof (value as Partial<Promise<T>>).then === "function"
}

/** Continues with `next` at once on a value, later on a promise. (A module that exports `then` is itself a promise to `import()`.) */
export function chain<T, R>(value: Awaitable<T>, next: (value: T) => Awaitable<R>): Awaitable<R> {
  // Resolved anew: somebody else's promise may have nothing but a `then`.
  return isPromise(value) ? Promise.resolve(value).then(next) : next(value)
}

/**
 * Continues with two values, at once where both are there. The second one is asked for although the first takes its
 * time. Where both fail, the rejection of the first must be heard elsewhere.
 */
export function both<A, B, R>(
  first: Awaitable<A>,
  ask: () => Awaitable<B>,
  next: (first: A, second: B) => Awaitable<R>,
): Awaitable<R> {
  if (!isPromise(first)) return chain(ask(), (second) => next(first, second))
  return attempt(ask).then((second) => first.then((one) => next(one, second)))
}

/** Calls what somebody else has handed over: neither its throw nor its rejection disturbs anybody. */
export function quietly(call: () => unknown): void {
  try {
    const result = call()
    if (isPromise(result)) hush(result)
  } catch {}
}

/** Lets a promise go whose rejection nobody needs to hear of, or somebody hears of elsewhere. */
export function hush(promise: Promise<unknown>): void {
  // Resolved anew: somebody else's promise may have nothing but a `then`.
  Promise.resolve(promise).catch(() => {})
}

/** The outcome of `work` as a promise, a throw as a rejection. */
export function attempt<T>(work: () => Awaitable<T>): Promise<T> {
  try {
    return Promise.resolve(work())
  } catch (error) {
    return Promise.reject(error)
  }
}

/**
 * The outcomes of all `works`, at once where none of them is a promise. Fails once all that have begun are over: a write
 * that is still under way would come after what its caller writes next.
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
