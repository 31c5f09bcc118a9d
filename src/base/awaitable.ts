/** A value, or a promise of it: a synchronous adapter keeps the whole path synchronous. */
export type Awaitable<T> = T | Promise<T>

/** Whether `value` must be awaited. */
export function isPromise<T>(value: Awaitable<T>): value is Promise<T> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function"
}

/** Continues with `next` at once on a value, later on a promise. (A module that exports `then` is itself a promise to `import()`.) */
export function chain<T, R>(value: Awaitable<T>, next: (value: T) => Awaitable<R>): Awaitable<R> {
  return isPromise(value) ? value.then(next) : next(value)
}

/** The outcome of `work` as a promise, a throw as a rejection. */
export function attempt<T>(work: () => Awaitable<T>): Promise<T> {
  return new Promise((resolve) => resolve(work()))
}
