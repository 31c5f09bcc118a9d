import type { Found } from "./found.ts"

/** What a load brought. */
export interface Brought {
  /** What the leader's schema made of {@link raw}; without a schema, the same. */
  readonly value: unknown
  /** What the fallback gave: this is what is stored. */
  readonly raw: unknown
  /** A copy of {@link value} as it came, for those who joined: the leader may have changed its own since. */
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
