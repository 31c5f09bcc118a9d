import type { CacheEvent } from "isocache"
import { html, msText, numberText } from "./dom.ts"
import { toneOf } from "./tones.ts"

const most = 80

/** The events as text, alike ones in a row as one line; what the timeline shows, for everybody. */
export function startStory(place: HTMLElement) {
  let begunAt = Date.now()
  let last: { what: string; count: number; line: HTMLElement } | undefined

  return {
    /** Says what comes now, and counts time from here. */
    begin(what: string) {
      begunAt = Date.now()
      last = undefined
      place.append(html("li", { class: "begins" }, html("time", {}, "▸"), what))
      place.scrollTop = place.scrollHeight
    },
    add(event: CacheEvent) {
      const what = textOf(event)
      if (last?.what === what) {
        last.line.textContent = ` × ${numberText(++last.count)}`
        return
      }
      const line = html("span")
      const name = html("b", { "data-tone": toneOf(event.type) }, event.type)
      const at = html("time", {}, `+${msText(Math.max(0, event.at - begunAt))}`)
      place.append(
        html(
          "li",
          { "data-event": event.type },
          at,
          html("span", {}, name, what.slice(event.type.length), line),
        ),
      )
      last = { what, count: 1, line }
      while (place.childElementCount > most) place.firstElementChild?.remove()
      place.scrollTop = place.scrollHeight
    },
    reset() {
      place.replaceChildren()
      last = undefined
      begunAt = Date.now()
    },
  }
}

function textOf(event: CacheEvent): string {
  switch (event.type) {
    case "miss":
      return event.reason === "absent" ? "miss" : `miss, ${event.reason}`
    case "stale":
      return `stale, ${reasons[event.reason]}`
    case "loaded":
      return `loaded in ${msText(event.duration)}`
    case "failed":
      return `failed after ${msText(event.duration)}`
    case "error":
      return `error: ${event.error instanceof Error ? event.error.message : String(event.error)}`
    default:
      return event.type
  }
}

const reasons = {
  asked: "as asked",
  timeout: "softTimeout is over",
  failed: "the load failed",
  held: "another one holds the lease",
  backoff: "the last load failed just now",
} as const
