import type { Adapter } from "../adapter.ts"
import type { Duration } from "../base/duration.ts"
import type { CodecOptions } from "../codec/codec.ts"
import { delegate } from "../proxies/delegate.ts"
import { tiered } from "./tiered.ts"

/** The bounds of a memory tier, and the maximum age of its copies. */
export interface NearOptions {
  /** How many entries it keeps. Default 10 000. */
  readonly maxEntries?: number | undefined
  /** How many bytes they may take, estimated. Default `Infinity`. */
  readonly maxBytes?: number | undefined
  /** Eviction policy. Default "s3-fifo". */
  readonly policy?: "s3-fifo" | "lru" | undefined
  /** Whether values are copied. Default "clone". */
  readonly copy?: "clone" | "none" | undefined
  /** How long it may lag behind other processes. Default 5 seconds; unlimited where a bus reaches every writer. */
  readonly maxAge?: Duration | undefined
}

/** A memory tier in front: `true`, its options, or an adapter. */
export type Near = boolean | NearOptions | Adapter

/**
 * Puts a near tier in front of `far`, on far's bus if it has one.
 *
 * @throws {CacheError} `ADAPTER_OPTIONS`, `TTL_INVALID` for invalid options.
 */
export async function putNear(
  far: Adapter,
  near: true | NearOptions | Adapter,
  codec: CodecOptions,
): Promise<Adapter> {
  const isOwn = near !== true && "get" in near
  const { maxAge, ...bounds } = near === true || isOwn ? {} : near
  const tier = isOwn ? unclosed(near) : (await import("../../adapters/memory.ts")).memory(bounds)
  const tiers = tiered({ ...codec, near: tier, far, maxAge })
  await tiers.open?.()
  return tiers
}

/** `adapter` with a `close` that does nothing: only its owner may close it. */
export function unclosed(adapter: Adapter): Adapter {
  return adapter.close ? delegate(adapter, { close() {} }) : adapter
}
