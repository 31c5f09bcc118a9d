/**
 * One adapter in front of another, and the buses that tell near tiers what to drop.
 *
 * @module isocache/tiers
 */

export type { Adapter, Awaitable, Serializer } from "./adapter.ts"
export { broadcastBus } from "./base/broadcast.ts"
export type { Bus, BusMessage } from "./base/bus.ts"
export type { Duration } from "./base/duration.ts"
export type { CodecOptions } from "./codec/codec.ts"
export { memoryBus } from "./store/memory-bus.ts"
export { type TieredOptions, tiered } from "./store/tiered.ts"
export {
  type RedisChannelLike,
  type RedisSubscription,
  type UpstashBusOptions,
  upstashBus,
} from "./store/upstash-bus.ts"
