/** The types of the public API, re-exported by every entry that has it. */
export type { Adapter, AdapterEvent, Awaitable, Lease, Serializer, Stored } from "./adapter.ts"
export type { WaitUntil } from "./base/alive.ts"
export type { Duration, Unit } from "./base/duration.ts"
export type { CacheErrorCode, MissReason } from "./base/errors.ts"
export type { CacheEvent, CacheEventType, EventBase, EventOf, StaleReason, Tier } from "./base/events.ts"
export type { CodecOptions } from "./codec/codec.ts"
export type { CompressOptions } from "./codec/compress.ts"
export type { CryptoKeyLike, EncryptionKey } from "./codec/encrypt.ts"
export type { Entry } from "./entry.ts"
export type { GeneratedRegion } from "./generated.ts"
export type { Key, KeyLike, KeyPart, ValueOf } from "./key.ts"
export type { Generator } from "./kit.ts"
export type { Args, AsyncFn, Fn, Memoized, MemoizedAs, MemoizedVerbs, MemoizeOptions } from "./memoize.ts"
export type { ManyFn, MemoizedMany } from "./memoize-many.ts"
export type { ManyResult } from "./policy/answers.ts"
export type { Anything, Fallback, FallbackOf, LoadContext } from "./policy/context.ts"
export type { Metrics } from "./policy/counters.ts"
export type { OnError } from "./policy/hub.ts"
export type { ManyFallback, ManyFallbackOf } from "./policy/many.ts"
export type {
  Judged,
  LoadOptions,
  ReadOptions,
  SchemaResult,
  StandardSchemaV1,
  WriteOptions,
} from "./policy/options.ts"
export type { Loaded } from "./reader.ts"
export type { GetOptions } from "./reading.ts"
export type { Region } from "./region.ts"
export type { RegionOptions } from "./regions.ts"
export type { StorageOptions } from "./source.ts"
export type { Near, NearOptions } from "./store/near.ts"
export type { CacheOptions, UseOptions } from "./wrapper.ts"
export type { InvalidateOptions, ManyEntries, ManyEntry } from "./writing.ts"
