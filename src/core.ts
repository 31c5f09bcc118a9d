/**
 * The cache without aliases or runtime detection: adapters are passed as objects, and nothing else is bundled.
 *
 * @module
 */
export type * from "./types.ts"
export { CacheError } from "./base/errors.ts"
export { parseDuration } from "./base/duration.ts"
export { key } from "./key.ts"
export { CacheWrapper } from "./wrapper.ts"
