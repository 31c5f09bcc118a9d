/** What a Cloudflare Worker offers beside its handlers; each member is there only where the runtime has it. */
export interface Workers {
  /** The bindings of this Worker by name. Free to call at the global scope. */
  readonly env?: () => Readonly<Record<string, unknown>> | undefined
  /** Keeps the current request alive until `promise` settles. Throws outside of a request. */
  readonly waitUntil?: (promise: Promise<unknown>) => void
}

/**
 * The Worker this code runs in: empty everywhere but under the `workerd` condition.
 *
 * The build keeps the import of this module open as `#workers`; package.json's `imports` lead it to this file or to
 * `workers.workerd.ts`, so that only Workers ever meet `cloudflare:workers`.
 */
export const workers: Workers = {}
