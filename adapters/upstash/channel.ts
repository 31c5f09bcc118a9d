import { after } from "../../src/base/clock.ts"
import { CacheError } from "../../src/base/errors.ts"
import { isObject } from "../../src/base/kind.ts"
import { unref } from "../../src/base/unref.ts"
import { connect } from "./client.ts"
import { explain } from "./trouble.ts"

/** The part of an `@upstash/redis` client that is used for messages. A `Redis` of that package fits. */
export interface RedisChannelLike {
  /** Redis PUBLISH. */
  publish(channel: string, message: string): Promise<unknown>
  /** Redis SUBSCRIBE, on a connection that stays open. */
  subscribe(channels: string): RedisSubscription
}

/** A subscription of `@upstash/redis`. */
export interface RedisSubscription {
  /** Calls `listener` with each event. */
  on(type: "message" | "error" | "subscribe", listener: (event: unknown) => void): void
  /** Ends the subscription. */
  unsubscribe(): Promise<void>
}

/** Sends and receives texts with Redis publish and subscribe. All errors are `CacheError`s. */
export interface Channel {
  publish(text: string): Promise<void>
  /**
   * Calls `listener` with what anyone publishes, once Redis has subscribed it. Returns a function that unsubscribes.
   */
  subscribe(listener: (message: unknown) => void, onTrouble: (error: unknown) => void): () => void
}

/** How often a new stream replaces the old one, in ms, because the end of a stream goes unnoticed. */
const renewal = 60_000
/** How long to wait after a failure, in ms: at first, and at most. */
const minWait = 1000
const maxWait = 30_000

/** The channel `name` of the database at `url`, or of `client`. Nothing is opened before the first call. */
export function channelOf(options: {
  readonly url?: string | undefined
  readonly token?: string | undefined
  readonly client?: RedisChannelLike | undefined
  readonly name: string
}): Channel {
  const { name } = options
  let made = options.client
  let called = "Upstash"
  const client = async (): Promise<RedisChannelLike> => {
    if (made === undefined) {
      const connection = await connect(options)
      made = speaking(connection.client)
      called = connection.name
    }
    return made
  }
  return {
    async publish(text) {
      try {
        await (await client()).publish(name, text)
      } catch (error) {
        throw explain(error, called)
      }
    },
    subscribe(listener, onTrouble) {
      // The current stream, and its successor, which takes over once Redis has subscribed it.
      let current: RedisSubscription | undefined
      let coming: RedisSubscription | undefined
      let cancel: (() => void) | undefined
      let isOver = false
      let wait = minWait

      const later = (ms: number): void => {
        cancel?.()
        // Housekeeping must not keep the process alive.
        cancel = after(ms, () => void renew(), unref)
      }
      const failed = (error: unknown): void => {
        if (isOver) return
        onTrouble(explain(error, called))
        later(wait)
        wait = Math.min(maxWait, wait * 2)
      }
      const renew = async (): Promise<void> => {
        // If this one hangs, that goes unnoticed: the next one replaces it.
        later(renewal)
        try {
          const subscriber = await client()
          if (isOver) return
          stop(coming)
          const next = subscriber.subscribe(name)
          coming = next
          next.on("message", (event) => {
            if (!isOver) listener(messageOf(event))
          })
          next.on("error", failed)
          next.on("subscribe", () => {
            if (next !== coming) return
            stop(current)
            current = next
            coming = undefined
            wait = minWait
            later(renewal)
          })
        } catch (error) {
          failed(error)
        }
      }
      void renew()
      return () => {
        isOver = true
        cancel?.()
        stop(current)
        stop(coming)
        coming = undefined
      }
    },
  }
}

function stop(subscription: RedisSubscription | undefined): void {
  subscription?.unsubscribe().catch(() => {})
}

function messageOf(event: unknown): unknown {
  return isObject(event) && "message" in event ? event.message : undefined
}

function speaking(client: object): RedisChannelLike {
  if ("publish" in client && "subscribe" in client) return client as RedisChannelLike // It is one of that package.
  throw new CacheError(
    "ADAPTER_UNAVAILABLE",
    "This version of @upstash/redis cannot subscribe. Update it: npm install @upstash/redis",
  )
}
