/**
 * One adapter in front of another, and the buses that tell near tiers what to drop.
 *
 * @module isocache/tiers
 */

export type { Adapter, Awaitable, Serializer } from "./adapter.ts"
export type { Duration } from "./base/duration.ts"
export type { CodecOptions } from "./codec/codec.ts"
export { broadcastBus } from "./store/broadcast.ts"
export { type Bus, type BusMessage, memoryBus } from "./store/bus.ts"
export { type TieredOptions, tiered } from "./store/tiered.ts"
export {
  type RedisChannelLike,
  type RedisSubscription,
  type UpstashBusOptions,
  upstashBus,
} from "./store/upstash-bus.ts"
