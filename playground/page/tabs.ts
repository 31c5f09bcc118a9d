import { type CacheEvent, CacheWrapper } from "isocache"
import { indexeddb } from "isocache/adapters/indexeddb"
import { memory } from "isocache/adapters/memory"
import { delegate } from "isocache/proxies"
import { type Bus, type BusMessage, broadcastBus, tiered } from "isocache/tiers"
import { find, html, msText } from "./dom.ts"
import { type Phase, startPresence } from "./presence.ts"
import { toneOf } from "./tones.ts"

const key = "shared report"
const loadTime = 1500
const database = "isocache playground tabs"
const scope = { prefix: "tabs" }

interface Report {
  readonly by: string
  readonly number: number
}

type Log = (tone: string, text: string, event?: CacheEvent) => void

/** "Two tabs": one load for all of them, and memories that hear what to drop. */
export function startTabs(): void {
  const say = startPresence({
    load: () => void load(),
    look: () => void look(),
    name: find("#tab-name", HTMLElement),
    list: find("#tab-others", HTMLElement),
    advice: find("#tab-advice", HTMLElement),
  })
  const tell = startLog(find("#tab-log", HTMLElement))
  const log: Log = (tone, text, event) => {
    tell(tone, text, event)
    show()
  }
  let phase: Phase = "idle"
  let loads = 0
  const enter = (next: Phase, text: string): void => {
    if (phase === next) return
    phase = next
    log("coalesced", text)
  }

  const far = indexeddb({ name: database })
  const leased = delegate(far, {
    async lock(name, ttl) {
      const lease = await far.lock?.(name, ttl)
      if (!lease) enter("waits", "waits: another tab holds the lease")
      else enter("holds", "took the lease")
      return (
        lease && {
          async release() {
            await lease.release()
            enter("idle", "gave the lease back")
          },
        }
      )
    },
  })
  const adapter = tiered({ near: memory(), far: leased, bus: heard(broadcastBus(database), log) })
  const cache = new CacheWrapper({ adapter, ...scope, ttl: "1m", leaseTtl: "10s" })
  // What lies in the database itself, whatever memories may hold.
  const shared = new CacheWrapper({ adapter: far, ...scope })
  cache.on("*", (event) => log(event.type, event.type, event))

  function show(): void {
    const value = cache.peek<Report>(key)
    say.state({ value: textOf(value), phase, loads })
  }

  async function look(): Promise<void> {
    find("#tab-shared", HTMLElement).textContent = textOf(await shared.get<Report>(key)) || "nothing"
  }

  async function load(): Promise<void> {
    await cache.getOrSet<Report>(key, async () => {
      loads++
      await new Promise((resolve) => setTimeout(resolve, loadTime))
      return report()
    })
    // Who waited, and got what the other one has loaded.
    if (phase === "waits") enter("idle", "got what the other tab has loaded")
    show()
  }
  const report = (): Report => ({ by: say.me, number: 100 + Math.floor(Math.random() * 900) })

  const on = (id: string, act: () => Promise<unknown>) =>
    find(id, HTMLButtonElement).addEventListener("click", () => void act().then(show).then(look))
  on("#here", load)
  on("#both", () => {
    say.load()
    return load()
  })
  on("#write", () => cache.set(key, report()))
  on("#drop", () => cache.delete(key))
  void cache.get(key).then(show).then(look)
}

function textOf(value: Report | undefined): string {
  return value ? `Report ${value.number}, made by ${value.by}` : ""
}

/** The bus, what is said on it told to `log`. A near tier hears first, so that what is shown then is true. */
function heard(bus: Bus, log: Log): Bus {
  let me = ""
  const what = ({ keys, prefixes }: BusMessage): string =>
    [
      ...keys.map((full) =>
        full.startsWith("#") ? "a version" : `“${full.slice(full.lastIndexOf(":") + 1)}”`,
      ),
      ...prefixes.map((prefix) => `${prefix}…`),
    ].join(", ")
  return {
    publish(message) {
      me = message.origin
      log("set", `told the others: drop ${what(message)}`)
      bus.publish(message)
    },
    subscribe: (listener) =>
      bus.subscribe((message) => {
        listener(message)
        if (message.origin !== me) log("stale", `heard: drop ${what(message)}`)
      }),
    close: () => bus.close?.(),
  }
}

function startLog(place: HTMLElement): Log {
  let begunAt: number | undefined
  return (tone, text, event) => {
    const now = Date.now()
    // Time begins anew with what a person does.
    if (begunAt === undefined || now - begunAt > 10_000) begunAt = now
    const time = html("time", {}, `+${msText(now - begunAt)}`)
    const name = html("b", { "data-tone": event ? toneOf(event.type) : tone }, text)
    place.append(html("li", { "data-event": event?.type ?? "word" }, time, name))
    while (place.childElementCount > 60) place.firstElementChild?.remove()
    place.scrollTop = place.scrollHeight
  }
}
