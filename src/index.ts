/**
 * One async cache for every JavaScript runtime: `cached`, its storages by alias, and everything else.
 *
 * @module isocache
 */

export { type LoadAdapter, registerAlias } from "./aliases.ts"
export { parseDuration } from "./base/duration.ts"
export { CacheError } from "./base/errors.ts"
export { detectRuntime, type Runtime } from "./base/runtime.ts"
export { type AliasOptions, CacheWrapper, cached } from "./cached.ts"
export { key } from "./key.ts"
export { type MemoizedOptions, memoized } from "./memoized.ts"
export { optionsFrom } from "./settings.ts"
export type * from "./types.ts"
