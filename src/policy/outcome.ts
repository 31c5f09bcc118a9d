import type { Found } from "./found.ts"

/** The value that a load made. */
export interface LoadedValue {
  /** {@link raw} as the leader's schema returned it; without a schema, the same. */
  readonly value: unknown
  /** What the fallback returned. This is stored. */
  readonly raw: unknown
  /** A copy of {@link value} taken at once, for callers who joined: the leader may have changed its own since. */
  readonly copy: unknown
}

/** How a flight ended. */
export type Outcome =
  | ({ readonly type: "loaded" } & LoadedValue)
  | { readonly type: "failed"; readonly error: unknown }
  /** There was a fresh entry after all: read by the leader, or stored by another process. */
  | { readonly type: "found"; readonly found: Found }
  /** It loaded nothing: another process loads, a back-off holds the key, or no caller waits any more. */
  | { readonly type: "held" }
