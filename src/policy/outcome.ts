import type { Found } from "./found.ts"

/** What a load brought. */
export interface Brought {
  /** What its schema made of it, or else the very value. */
  readonly value: unknown
  /** What its fallback gave: this is what is stored. */
  readonly raw: unknown
  /** The first of these as it came, for those who joined: who led the load may have changed it since. */
  readonly copy: unknown
}

/** How a flight ended. */
export type Outcome =
  | ({ readonly type: "loaded" } & Brought)
  | { readonly type: "failed"; readonly error: unknown }
  /** A fresh entry was there after all: read by the leader, or published by another process. */
  | { readonly type: "found"; readonly found: Found }
  /** It loaded nothing: another process is loading, a back-off holds the key, or nobody waits any more. */
  | { readonly type: "held" }
