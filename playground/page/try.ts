import { CacheError, type CacheEvent } from "isocache"
import { countText, find, html, msText, numberText, percentText } from "./dom.ts"
import type { Lab } from "./lab.ts"
import { startLatency } from "./latency.ts"
import type { Mood } from "./origin.ts"
import { startStory } from "./story.ts"
import { startTimeline } from "./timeline.ts"

const key = "report"
const hardTimeout = 3000
const leaseTtl = 5000

/** The sliders. At its end softTimeout means: wait. */
const dials = [
  { name: "delay", label: "Origin takes", min: 0, max: 3000, step: 50, value: 400, hint: "" },
  { name: "ttl", label: "ttl", min: 500, max: 15_000, step: 500, value: 3000, hint: "fresh for so long" },
  {
    name: "grace",
    label: "grace",
    min: 0,
    max: 30_000,
    step: 500,
    value: 5000,
    hint: "then stale for so long",
  },
  {
    name: "softTimeout",
    label: "softTimeout",
    min: 0,
    max: 2000,
    step: 50,
    value: 0,
    hint: "a caller who could have stale waits so long",
  },
] as const

type Dials = Record<(typeof dials)[number]["name"], number>

/** "Try it": fires callers at one key, and shows what happens. */
export function startTry(lab: Lab): void {
  const values = startDials(lab)
  const timeline = startTimeline(() => values)
  const latency = startLatency()
  const story = startStory(find("#story", HTMLElement))
  const counters = startCounters(() => lab.origin.calls)
  const outcome = find("#outcome", HTMLElement)

  lab.cache.on("*", (event) => {
    if (event.key !== key && event.type !== "clear") return
    timeline.add(event)
    story.add(event)
    counters.add(event)
  })

  async function fire(callers: number): Promise<void> {
    const { ttl, grace, softTimeout } = values
    const before = lab.origin.calls
    const waits: number[] = []
    const failures = new Map<string, number>()
    const call = async (): Promise<void> => {
      const begun = performance.now()
      try {
        const options = { ttl, grace, softTimeout, hardTimeout, leaseTtl }
        await lab.cache.getOrSet(key, ({ signal }) => lab.origin.load(signal), options)
      } catch (error) {
        const what = error instanceof CacheError ? error.code : String(error)
        failures.set(what, (failures.get(what) ?? 0) + 1)
      }
      waits.push(performance.now() - begun)
    }
    counters.called(callers)
    await Promise.all(Array.from({ length: callers }, call))
    latency.add(waits)
    const calls = lab.origin.calls - before
    const failed = [...failures].map(([what, count]) => `${numberText(count)} got “${what}”`)
    const slowest = msText(Math.max(...waits))
    outcome.textContent = [
      `${countText(callers, "caller")}, ${countText(calls, "call")} of the origin, nobody waited longer than ${slowest}.`,
      ...failed,
    ].join(" ")
  }

  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-fire]")) {
    button.addEventListener("click", () => {
      story.begin()
      void fire(Number(button.dataset["fire"]))
    })
  }
  startSteady(() => void fire(1))
  find("#storage", HTMLSelectElement).addEventListener("change", ({ currentTarget }) => {
    if (currentTarget instanceof HTMLSelectElement) lab.use(currentTarget.value)
  })
  const act = (id: string, what: () => Promise<unknown>) =>
    find(id, HTMLButtonElement).addEventListener("click", () => {
      what().catch((error: unknown) => (outcome.textContent = String(error)))
    })
  act("#expire", () => lab.cache.expire(key))
  act("#delete", () => lab.cache.delete(key))
  act("#reset", async () => {
    await lab.cache.delete(key)
    for (const part of [timeline, story, latency, counters]) part.reset()
    outcome.textContent = "The entry is gone, the counters begin anew."
  })
}

function startDials({ origin }: Lab): Dials {
  const values: Dials = { delay: 400, ttl: 3000, grace: 5000, softTimeout: 0 }
  const place = find("#dials", HTMLElement)
  for (const { name, label, hint, min, max, step, value } of dials) {
    const input = html("input", {
      type: "range",
      id: `dial-${name}`,
      min: `${min}`,
      max: `${max}`,
      step: `${step}`,
      value: `${value}`,
    })
    const output = html("output", { for: input.id })
    const note = hint ? [html("small", { id: `hint-${name}` }, hint)] : []
    if (hint) input.setAttribute("aria-describedby", `hint-${name}`)
    const show = (): void => {
      const at = input.valueAsNumber
      values[name] = name === "softTimeout" && at === max ? Number.POSITIVE_INFINITY : at
      origin.delay = values.delay
      output.textContent = msText(values[name])
      input.setAttribute("aria-valuetext", output.textContent)
    }
    input.addEventListener("input", show)
    show()
    place.append(
      html("div", { class: "dial" }, html("label", { for: input.id }, label), output, input, ...note),
    )
  }
  for (const input of document.querySelectorAll<HTMLInputElement>("[name=mood]")) {
    input.addEventListener("change", () => (origin.mood = input.value as Mood)) // The page has no other values.
  }
  return values
}

function startSteady(fire: () => void): void {
  const steady = find("#steady", HTMLInputElement)
  let timer: ReturnType<typeof setInterval> | undefined
  steady.addEventListener("change", () => {
    clearInterval(timer)
    if (steady.checked) timer = setInterval(fire, 100)
  })
}

const counted = [
  ["callers", "callers", ""],
  ["calls", "origin calls", "load"],
  ["hit", "hits", "hit"],
  ["stale", "served stale", "stale"],
  ["coalesced", "joined a load", "coalesced"],
  ["miss", "misses", "miss"],
  ["failed", "failed loads", "error"],
  ["saved", "calls saved", "hit"],
] as const

function startCounters(calls: () => number) {
  const counts: Record<string, number> = {}
  let from = 0
  let isAsked = false
  const places = counted.map(([name, label, tone]) => {
    const value = html("dd", { "data-count": name }, "0")
    find("#counters", HTMLElement).append(
      html("div", tone ? { "data-tone": tone } : {}, html("dt", {}, label), value),
    )
    return [name, value] as const
  })

  function draw(): void {
    isAsked = false
    const { callers = 0 } = counts
    const made = calls() - from
    const all: Record<string, number> = { ...counts, calls: made }
    for (const [name, place] of places) {
      place.textContent =
        name === "saved"
          ? callers
            ? percentText(Math.max(0, 1 - made / callers))
            : "–"
          : numberText(all[name] ?? 0)
    }
  }
  function count(name: string, by: number): void {
    counts[name] = (counts[name] ?? 0) + by
    if (!isAsked) requestAnimationFrame(draw)
    isAsked = true
  }
  return {
    add: ({ type }: CacheEvent) => count(type, 1),
    called: (callers: number) => count("callers", callers),
    reset() {
      for (const name of Object.keys(counts)) counts[name] = 0
      from = calls()
      draw()
    },
  }
}
