import { type CacheEvent, CacheWrapper } from "isocache"
import { indexeddb } from "isocache/adapters/indexeddb"
import { memory } from "isocache/adapters/memory"
import { type Bus, type BusMessage, broadcastBus, tiered } from "isocache/tiers"
import { find, html, msText } from "./dom.ts"
import { toneOf } from "./tones.ts"

const key = "shared report"
const loadTime = 1500
const animals = ["Fox", "Owl", "Otter", "Lynx", "Heron", "Badger", "Marten", "Wren", "Seal", "Hare"]

interface Report {
  readonly by: string
  readonly number: number
}

/** What tabs say to each other beside the cache: that they are here, and "load now". */
interface Word {
  readonly from: string
  readonly say: "hello" | "here" | "bye" | "load"
}

/** "Two tabs": one load for all of them, and memories that hear what to drop. */
export function startTabs(): void {
  const me = `${animals[Math.floor(Math.random() * animals.length)]} ${10 + Math.floor(Math.random() * 90)}`
  find("#tab-name", HTMLElement).textContent = me
  const tell = startLog(find("#tab-log", HTMLElement))
  const log: Log = (kind, text, event) => {
    tell(kind, text, event)
    show()
  }
  const bus = heard(broadcastBus("isocache playground tabs"), log)
  const far = indexeddb({ name: "isocache playground tabs" })
  const adapter = tiered({ near: memory(), far, bus })
  const cache = new CacheWrapper({ adapter, prefix: "tabs", ttl: "1m", leaseTtl: "10s" })
  let loads = 0

  cache.on("*", (event) => log(event.type, event.type, event))

  function show(): void {
    const value = cache.peek<Report>(key)
    find("#tab-value", HTMLElement).textContent = value
      ? `Report ${value.number}, made by ${value.by}`
      : "nothing in memory"
    find("#tab-loads", HTMLElement).textContent =
      `Loads in this tab: ${loads}. A load takes ${msText(loadTime)}.`
  }

  async function load(): Promise<void> {
    await cache.getOrSet<Report>(key, async () => {
      loads++
      await new Promise((resolve) => setTimeout(resolve, loadTime))
      return makeReport()
    })
    show()
  }
  const makeReport = (): Report => ({ by: me, number: 100 + Math.floor(Math.random() * 900) })

  const say = startPresence(me, () => void load())
  const on = (id: string, act: () => unknown) =>
    find(id, HTMLButtonElement).addEventListener("click", () => void act())
  on("#here", load)
  on("#both", () => {
    say("load")
    return load()
  })
  on("#write", async () => {
    await cache.set(key, makeReport())
    show()
  })
  on("#drop", async () => {
    await cache.delete(key)
    show()
  })
  void cache.get(key).then(show)
}

/** The bus, what is said on it told to `log`. A near tier hears first, so that what is shown then is true. */
function heard(bus: Bus, log: Log): Bus {
  let me = ""
  const what = ({ keys, prefixes }: BusMessage): string =>
    [
      ...keys.map((key) => (key.startsWith("#") ? "a version" : key)),
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

/** Keeps a list of the tabs that are open; answers how to speak to them. */
function startPresence(me: string, load: () => void): (say: Word["say"]) => void {
  const channel = new BroadcastChannel("isocache playground presence")
  const open = new Set([me])
  const say = (word: Word["say"]) => channel.postMessage({ from: me, say: word } satisfies Word)
  const show = (): void => {
    find("#tab-others", HTMLElement).textContent = [...open].sort().join(", ")
  }
  channel.addEventListener("message", ({ data }: MessageEvent<Word>) => {
    if (data.say === "hello") say("here")
    if (data.say === "load") load()
    if (data.say === "bye") open.delete(data.from)
    else open.add(data.from)
    show()
  })
  addEventListener("pagehide", () => say("bye"))
  addEventListener("pageshow", () => say("hello"))
  say("hello")
  show()
  return say
}

type Log = (kind: string, text: string, event?: CacheEvent) => void

function startLog(place: HTMLElement): Log {
  return (kind, text, event) => {
    const time = html("time", {}, new Date().toISOString().slice(14, 23))
    const name = html("b", { "data-tone": event ? toneOf(event.type) : kind }, text)
    place.append(html("li", { "data-event": event?.type ?? "bus" }, time, name))
    while (place.childElementCount > 60) place.firstElementChild?.remove()
    place.scrollTop = place.scrollHeight
  }
}
