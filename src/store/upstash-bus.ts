import type { Channel, RedisChannelLike } from "../../adapters/upstash/channel.ts"
import { quietly } from "../base/awaitable.ts"
import { type Bus, type BusMessage, isBusMessage } from "../base/bus.ts"
import { CacheError } from "../base/errors.ts"
import { Listeners } from "../base/listeners.ts"
import { aFunction, aText, having, judgeOptions, type Rule } from "../base/rules.ts"

export type { RedisChannelLike, RedisSubscription } from "../../adapters/upstash/channel.ts"

/** Options of {@link upstashBus}. */
export interface UpstashBusOptions {
  /** The REST url of the database. Default: `UPSTASH_REDIS_REST_URL` from the environment, on first use. */
  readonly url?: string | undefined
  /** Its token. Default: `UPSTASH_REDIS_REST_TOKEN` from the environment, on first use. */
  readonly token?: string | undefined
  /** A `Redis` of `@upstash/redis` to use instead. */
  readonly client?: RedisChannelLike | undefined
  /** Only buses on the same channel reach each other. Default "isocache". */
  readonly channel?: string | undefined
  /** Called with a `CacheError` when a message cannot be sent, or the connection is lost. */
  readonly onTrouble?: ((error: unknown) => void) | undefined
}

const rules: Readonly<Record<keyof UpstashBusOptions, Rule>> = {
  url: aText,
  token: aText,
  client: /* @__PURE__ */ having(["publish", "subscribe"], "a Redis of @upstash/redis"),
  channel: aText,
  onTrouble: aFunction,
}

/**
 * A bus over Redis publish and subscribe, for servers: it holds a connection open, and so keeps the process alive,
 * until `close()`. Messages may be lost, so `maxAge` is 5 seconds by default.
 *
 * @throws {CacheError} `ADAPTER_OPTIONS` for an unknown option or a wrong value.
 *
 * @example
 * ```ts
 * import { memory } from "isocache/adapters/memory"
 * import { upstash } from "isocache/adapters/upstash"
 * import { tiered, upstashBus } from "isocache/tiers"
 *
 * const bus = upstashBus({ onTrouble: console.error })
 * const adapter = tiered({ near: memory(), far: upstash(), bus, maxAge: "30s" })
 * ```
 */
export function upstashBus(options: UpstashBusOptions = {}): Bus {
  judgeOptions(options, rules, " of upstashBus()")
  const { client, url, token, channel: name = "isocache", onTrouble } = options
  if (client && (url !== undefined || token !== undefined)) {
    throw new CacheError("ADAPTER_OPTIONS", "upstashBus() takes url and token, or client: not both.")
  }
  const listeners = new Listeners<BusMessage>()
  const report = (error: unknown): void => quietly(() => onTrouble?.(error))
  let channel: Channel | undefined
  let stop: (() => void) | undefined
  let isOpen = false
  let isOver = false

  async function open(): Promise<Channel> {
    const { channelOf } = await import("../../adapters/upstash/channel.ts")
    channel ??= channelOf({ url, token, client, name })
    return channel
  }

  function hear(sent: unknown): void {
    const message = read(sent)
    if (isBusMessage(message)) listeners.tell(message)
  }

  function listen(): void {
    if (isOpen || listeners.size === 0) return
    isOpen = true
    const failed = (error: unknown): void => {
      isOpen = false
      report(error)
    }
    open().then((opened) => {
      if (isOpen) stop ??= opened.subscribe(hear, report)
    }, failed)
  }

  function end(): void {
    isOpen = false
    stop?.()
    stop = undefined
  }

  return {
    lossy: true,
    publish(message) {
      if (isOver) return
      listen() // It may succeed now.
      open()
        .then((opened) => opened.publish(JSON.stringify(message)))
        .catch(report)
    },
    subscribe(listener) {
      if (isOver) return () => {}
      const leave = listeners.add(listener)
      listen()
      return () => {
        if (leave() && listeners.size === 0) end()
      }
    },
    close() {
      isOver = true
      listeners.clear()
      end()
    },
  }
}

/** The message received: text, or the object that the client has parsed it to. */
function read(sent: unknown): unknown {
  if (typeof sent !== "string") return sent
  try {
    return JSON.parse(sent)
  } catch {
    return undefined
  }
}
