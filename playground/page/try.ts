import { CacheError } from "isocache"
import { startControls } from "./controls.ts"
import { startCounters } from "./counters.ts"
import { countText, find, msText, numberText } from "./dom.ts"
import { type Lab, storages } from "./lab.ts"
import { startLatency } from "./latency.ts"
import { type Stage, startScenes } from "./scenes.ts"
import { startStory } from "./story.ts"
import { startTimeline } from "./timeline.ts"
import { startWaits } from "./waits.ts"

const key = "report"
const hardTimeout = 3000
const leaseTtl = 5000
const summaries = 3000 // ms between two sentences about a steady stream

/** "Try it": fires callers at one key, and shows what happens. */
export function startTry(lab: Lab): void {
  const controls = startControls(lab)
  const timeline = startTimeline(() => controls.values)
  const latency = startLatency()
  const waits = startWaits()
  const story = startStory(find("#story", HTMLElement))
  const counters = startCounters(() => lab.origin.calls)
  const outcome = find("#outcome", HTMLElement)

  lab.cache.on("*", (event) => {
    if (event.key !== key && event.type !== "clear") return
    timeline.add(event)
    story.add(event)
    counters.add(event)
  })

  /** One caller; answers what went wrong. */
  async function call(): Promise<string | undefined> {
    const { ttl, grace, softTimeout } = controls.values
    const begun = performance.now()
    let trouble: string | undefined
    try {
      const options = { ttl, grace, softTimeout, hardTimeout, leaseTtl }
      await lab.cache.getOrSet(key, ({ signal }) => lab.origin.load(signal), options)
    } catch (error) {
      trouble = error instanceof CacheError ? error.code : String(error)
    }
    const waited = performance.now() - begun
    latency.add(waited)
    waits.add(waited, trouble !== undefined)
    return trouble
  }

  async function fire(callers: number): Promise<void> {
    story.begin(countText(callers, "caller"))
    counters.called(callers)
    const before = lab.origin.calls
    const begun = performance.now()
    const troubles = await Promise.all(Array.from({ length: callers }, call))
    const slowest = msText(performance.now() - begun)
    const calls = countText(lab.origin.calls - before, "call")
    const failures = new Map<string, number>()
    for (const what of troubles) if (what !== undefined) failures.set(what, (failures.get(what) ?? 0) + 1)
    outcome.textContent = [
      `${countText(callers, "caller")}, ${calls} of the origin, nobody waited longer than ${slowest}.`,
      ...[...failures].map(([what, count]) => `${numberText(count)} got “${what}”`),
    ].join(" ")
  }

  async function reset(): Promise<void> {
    await lab.cache.delete(key)
    for (const part of [timeline, story, latency, waits, counters]) part.reset()
    outcome.textContent = "The entry is gone, the counters begin anew."
  }

  const scenes = startScenes((signal) => makeStage(signal))
  function makeStage(signal: AbortSignal): Stage {
    const checked = async <T>(work: Promise<T>): Promise<T> => {
      const done = await work
      signal.throwIfAborted()
      return done
    }
    return {
      set: controls.set,
      say: (text) => (find("#scene", HTMLElement).textContent = text),
      fire: (callers) => checked(fire(callers)),
      wait: (ms) => checked(new Promise((resolve) => setTimeout(resolve, ms))),
      expire: () => checked(lab.cache.expire(key)),
      reset: () => checked(reset()),
    }
  }

  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-fire]")) {
    button.addEventListener("click", () => {
      scenes.stop()
      void fire(Number(button.dataset["fire"]))
    })
  }
  startSteady(lab, (callers) => {
    counters.called(callers)
    void call()
  })
  startStorages(lab, (name) => story.begin(`storage: ${name}`))
  const act = (id: string, what: () => Promise<unknown>) =>
    find(id, HTMLButtonElement).addEventListener("click", () => {
      scenes.stop()
      what().catch((error: unknown) => (outcome.textContent = String(error)))
    })
  act("#expire", () => lab.cache.expire(key))
  act("#delete", () => lab.cache.delete(key))
  act("#reset", reset)
}

/** Ten callers a second, told as one sentence now and then. */
function startSteady({ origin }: Lab, fire: (callers: number) => void): void {
  const steady = find("#steady", HTMLInputElement)
  const outcome = find("#outcome", HTMLElement)
  let timer: ReturnType<typeof setInterval> | undefined
  steady.addEventListener("change", () => {
    clearInterval(timer)
    if (!steady.checked) return
    const before = origin.calls
    let callers = 0
    let toldAt = performance.now() - summaries
    timer = setInterval(() => {
      fire(1)
      callers++
      if (performance.now() - toldAt < summaries) return
      toldAt = performance.now()
      const calls = countText(origin.calls - before, "call")
      outcome.textContent = `10 callers a second: ${countText(callers, "caller")} so far, ${calls} of the origin.`
    }, 100)
  })
}

function startStorages(lab: Lab, tell: (name: string) => void): void {
  const select = find("#storage", HTMLSelectElement)
  for (const { id, title, lacks } of storages()) {
    const option = new Option(lacks ? `${title} – ${lacks}` : title, id)
    option.disabled = lacks !== undefined
    select.append(option)
  }
  select.addEventListener("change", () => {
    lab.use(select.value)
    tell(lab.storage)
  })
}
