import type { Controls } from "./controls.ts"
import { find, html } from "./dom.ts"

/** What a scene may do. Each wait ends it when another one begins. */
export interface Stage {
  readonly set: Controls["set"]
  /** Tells what is to be seen. */
  say(text: string): void
  fire(callers: number): Promise<void>
  wait(ms: number): Promise<void>
  expire(): Promise<unknown>
  /** Removes the entry, and begins all counts anew. */
  reset(): Promise<void>
}

type Scene = (stage: Stage) => Promise<void>

const scenes: readonly (readonly [name: string, title: string, play: Scene])[] = [
  ["stampede", "A stampede", stampede],
  ["slow", "A slow origin", slow],
  ["failing", "A failing one", failing],
  ["hanging", "A hanging one", hanging],
]

/** Adds a button for each scene. Pressing another one ends the one that plays. */
export function startScenes(make: (signal: AbortSignal) => Stage): { stop(): void } {
  const told = find("#scene", HTMLElement)
  let playing = new AbortController()
  const stop = (): void => {
    playing.abort()
    told.textContent = ""
  }

  for (const [name, title, play] of scenes) {
    const button = html("button", { type: "button", class: "play", "data-scene": name }, title)
    button.addEventListener("click", () => {
      stop()
      const mine = new AbortController()
      playing = mine
      delete told.dataset["done"]
      play(make(mine.signal)).then(
        () => (told.dataset["done"] = name),
        (error: unknown) => {
          // A scene that another one has ended has nothing to tell any more.
          if (!mine.signal.aborted) told.textContent = String(error)
        },
      )
    })
    find("#scenes", HTMLElement).append(button)
  }
  return { stop }
}

async function stampede({ set, say, fire, wait, reset }: Stage): Promise<void> {
  set({ mood: "works", delay: 600, ttl: 2500, grace: 10_000, softTimeout: 0 })
  await reset()
  say("1 000 callers come at once, and nothing is there: a miss. One load runs, 999 callers join it.")
  await fire(1000)
  await wait(800)
  say("The value is fresh for 2.5 s: 100 callers hit, and the origin hears nothing of it.")
  await fire(100)
  await wait(2000)
  say("Past its ttl, within its grace: 100 callers get the stale value at once, one load runs behind them.")
  await fire(100)
  await wait(1200)
  say("The new value is there, and 100 callers hit again. 1 300 callers, 2 calls of the origin.")
  await fire(100)
}

async function slow({ set, say, fire, wait, expire, reset }: Stage): Promise<void> {
  set({ mood: "works", delay: 100, ttl: 3000, grace: 10_000, softTimeout: 300 })
  await reset()
  await fire(1)
  await expire()
  set({ mood: "slow", delay: 2000 })
  say(
    "The entry is stale and its origin slow, 2 s. Callers wait 300 ms (softTimeout), then take what is there.",
  )
  await fire(100)
  await wait(2200)
  say("The load has ended behind them: 100 callers hit the value it loaded.")
  await fire(100)
}

async function failing({ set, say, fire, wait, expire, reset }: Stage): Promise<void> {
  set({ mood: "works", delay: 100, ttl: 3000, grace: 10_000, softTimeout: 2000 })
  await reset()
  await fire(1)
  await expire()
  set({ mood: "fails", delay: 400 })
  say("The entry is stale, and the origin is down: one load fails, and all 100 callers get the stale value.")
  await fire(100)
  await wait(300)
  say("For a moment nobody asks an origin that has just failed: 100 more are served stale, without a call.")
  await fire(100)
  await wait(1500)
  await reset()
  say("With nothing stale to serve, all 100 callers get the very error of the one load.")
  await fire(100)
}

async function hanging({ set, say, fire, wait, reset }: Stage): Promise<void> {
  set({ mood: "hangs", delay: 400, ttl: 3000, grace: 5000, softTimeout: 0 })
  await reset()
  say("The load never ends. After 3 s (hardTimeout) the callers give up, each with FALLBACK_TIMEOUT.")
  await fire(100)
  set({ mood: "works" })
  say("The origin works again, yet the hung load still holds the key, until leaseTtl, 5 s, is over …")
  await wait(2200)
  say("… now one challenger may load, and everybody gets the value.")
  await fire(100)
}
