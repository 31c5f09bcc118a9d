/** What a Cloudflare Worker offers besides its handlers. A member is absent if the runtime lacks it. */
export interface Workers {
  /** The bindings of this Worker, by name. May be used at the global scope. */
  readonly env?: () => Readonly<Record<string, unknown>> | undefined
  /** Keeps the current request alive until `promise` settles. Throws outside of a request. */
  readonly waitUntil?: (promise: Promise<unknown>) => void
}

/**
 * The current Worker: empty except under the `workerd` condition.
 *
 * The build leaves the import of this module open as `#workers`; package.json's `imports` resolve it to this file or to
 * `workers.workerd.ts`, so that only Workers load `cloudflare:workers`.
 */
export const workers: Workers = {}
