/**
 * The cache without aliases and runtime detection: adapters are passed as objects, and nothing else is bundled.
 *
 * @module isocache/core
 */

export { parseDuration } from "./base/duration.ts"
export { CacheError } from "./base/errors.ts"
export { key } from "./key.ts"
export type * from "./types.ts"
export { CacheWrapper } from "./wrapper.ts"
