import { type Bus, type BusMessage, dropAll, isBusMessage } from "./bus.ts"
import { builtinModule } from "./environment.ts"
import { Listeners } from "./listeners.ts"
import { detectRuntime } from "./runtime.ts"

/** The part of a `BroadcastChannel` that is used. */
interface Channel {
  postMessage(message: unknown): void
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void
  close(): void
  /** Node, Bun and `node:worker_threads` in Deno. */
  unref?(): unknown
}

/**
 * A bus over `BroadcastChannel`: it connects the tabs and workers of an origin, or the threads of a process in Node,
 * Deno and Bun.
 *
 * The channel is opened on first use and never keeps a process alive. In a browser, a channel without listeners is
 * garbage collected with its bus; other runtimes never collect one, so it is closed after each message. Without
 * `BroadcastChannel`, the bus does nothing. A page that was frozen or restored from the back/forward cache may have
 * missed messages, so it drops everything.
 *
 * @param name - Only buses of the same name reach each other. Default "isocache".
 *
 * @example
 * ```ts
 * import { indexeddb } from "isocache/adapters/indexeddb"
 * import { memory } from "isocache/adapters/memory"
 * import { broadcastBus, tiered } from "isocache/tiers"
 *
 * const adapter = tiered({ near: memory(), far: indexeddb(), bus: broadcastBus("shop") })
 * ```
 */
export function broadcastBus(name = "isocache"): Bus {
  const listeners = new Listeners<BusMessage>()
  let channel: Channel | undefined
  let hears = false
  let isOver = false
  let wake: (() => void) | undefined
  let isLossy: boolean | undefined

  function tell(message: unknown): void {
    if (isBusMessage(message)) listeners.tell(message)
  }

  function open(): Channel | undefined {
    channel ??= makeChannel(name)
    // A channel with a listener is never collected, so one that only publishes gets none.
    if (channel && !hears && listeners.size > 0) {
      hears = true
      channel.addEventListener("message", ({ data }) => tell(data))
      wake ??= onWake(() => tell(dropAll("")))
    }
    channel?.unref?.()
    return channel
  }

  function close(): void {
    wake?.()
    channel?.close()
    channel = wake = undefined
    hears = false
  }

  return {
    // On a server it reaches the threads of this process only. Pages from files (with origin "null") share their
    // database in WebKit, but do not reach each other.
    get lossy() {
      // Cached: it is read on each write, and global lookups are slow.
      isLossy ??=
        detectRuntime() !== "browser" ||
        Reflect.get(globalThis, "origin") === "null" ||
        typeof Reflect.get(globalThis, "BroadcastChannel") !== "function"
      return isLossy
    },
    publish(message) {
      if (isOver) return
      // A channel does not receive its own messages, but several tiers may share this bus.
      tell(message)
      try {
        open()?.postMessage(message)
        if (listeners.size === 0 && detectRuntime() !== "browser") close()
      } catch {
        // The page is unloading and has closed the channel.
        channel = undefined
        hears = false
      }
    },
    subscribe(listener) {
      if (isOver) return () => {}
      const stop = listeners.add(listener)
      open()
      return () => {
        if (stop() && listeners.size === 0) close()
      }
    },
    close() {
      isOver = true
      listeners.clear()
      close()
    },
  }
}

function makeChannel(name: string): Channel | undefined {
  try {
    const make: unknown = threadsChannel() ?? Reflect.get(globalThis, "BroadcastChannel")
    // Anything by this name is the platform's channel or a stand-in.
    return typeof make === "function" ? (Reflect.construct(make, [name]) as Channel) : undefined
  } catch {
    return undefined // Refused, as in some sandboxed frames.
  }
}

/** Deno's own channel keeps the process alive; the one of its `node:worker_threads` need not. */
function threadsChannel(): unknown {
  if (detectRuntime() !== "deno") return undefined
  return Object(builtinModule("node:worker_threads")).BroadcastChannel
}

/** Calls `listener` when this page resumes after missing messages. Returns a function that stops that. */
function onWake(listener: () => void): (() => void) | undefined {
  if (detectRuntime() !== "browser") return undefined
  const shown = (event: Event): void => {
    if (Reflect.get(event, "persisted") === true) listener()
  }
  globalThis.addEventListener("pageshow", shown)
  const page: unknown = Reflect.get(globalThis, "document")
  const document = page instanceof EventTarget ? page : undefined
  document?.addEventListener("resume", listener)
  return () => {
    globalThis.removeEventListener("pageshow", shown)
    document?.removeEventListener("resume", listener)
  }
}
