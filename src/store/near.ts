import type { Adapter } from "../adapter.ts"
import type { Duration } from "../base/duration.ts"
import type { CodecOptions } from "../codec/codec.ts"
import { delegate } from "../proxies/delegate.ts"
import { tiered } from "./tiered.ts"

/** A memory tier in front: the default one, one with bounds, or an adapter of one's own. */
export type NearOption =
  | true
  | {
      readonly maxEntries?: number | undefined
      readonly maxBytes?: number | undefined
      readonly policy?: "s3-fifo" | "lru" | undefined
      readonly copy?: "clone" | "none" | undefined
      readonly maxAge?: Duration | undefined
    }
  | Adapter

/**
 * Puts a near tier in front of `far`, on the bus that `far` has, if any.
 *
 * @throws {CacheError} `ADAPTER_OPTIONS`, `TTL_INVALID` for options that make no sense.
 */
export async function putNear(far: Adapter, near: NearOption, codec: CodecOptions): Promise<Adapter> {
  const isOwn = near !== true && "get" in near
  const { maxAge, ...bounds } = near === true || isOwn ? {} : near
  const tier = isOwn ? unclosed(near) : (await import("../../adapters/memory.ts")).memory(bounds)
  try {
    await tier.open?.()
  } catch (error) {
    codec.onTrouble?.(error) // Far answers alone then.
  }
  return tiered({ ...codec, near: tier, far, maxAge })
}

/** `adapter` without its end, for it is its owner's to close. */
export function unclosed(adapter: Adapter): Adapter {
  return adapter.close ? delegate(adapter, { close() {} }) : adapter
}
