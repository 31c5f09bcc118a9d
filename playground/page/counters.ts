import type { CacheEvent } from "isocache"
import { find, html, numberText, percentText } from "./dom.ts"

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

/** Counts callers and events, and shows the counts. */
export interface Counters {
  add(event: CacheEvent): void
  called(callers: number): void
  reset(): void
}

/** @param calls - How often the origin has been asked. */
export function startCounters(calls: () => number): Counters {
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
    const saved = callers ? percentText(Math.max(0, 1 - made / callers)) : "–"
    for (const [name, place] of places)
      place.textContent = name === "saved" ? saved : numberText(all[name] ?? 0)
  }

  function count(name: string, by: number): void {
    counts[name] = (counts[name] ?? 0) + by
    if (!isAsked) requestAnimationFrame(draw)
    isAsked = true
  }

  return {
    add: ({ type }) => count(type, 1),
    called: (callers) => count("callers", callers),
    reset() {
      for (const name of Object.keys(counts)) counts[name] = 0
      from = calls()
      draw()
    },
  }
}
