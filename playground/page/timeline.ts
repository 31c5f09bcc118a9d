import type { CacheEvent } from "isocache"
import { find, msText, numberText, onWidth, svg } from "./dom.ts"
import { ticker } from "./ticker.ts"
import { toneOf } from "./tones.ts"

const past = 9000 // ms shown
const future = 3000 // ms shown of deadlines that are still ahead
const lanes = ["miss", "load", "coalesced", "set", "hit", "stale", "entry"]
const laneHeight = 30
const left = 76

/** Events of one kind, hardly any time between them, drawn as one mark. */
interface Mark {
  readonly type: CacheEvent["type"]
  readonly at: number
  until: number
  count: number
}

interface Flight {
  readonly from: number
  until: number | undefined
  hasFailed: boolean
}

/** An entry's life: fresh until, then stale until. */
interface Life {
  readonly from: number
  readonly fresh: number
  readonly stale: number
  until: number
}

/** Draws events as they come, on one lane for each kind, time going to the left. */
export function startTimeline(terms: () => { ttl: number; grace: number }) {
  const place = find("#timeline", SVGSVGElement)
  let marks: Mark[] = []
  let flights: Flight[] = []
  let lives: Life[] = []
  let width = 0
  const wake = ticker(() => {
    draw()
    return marks.length + flights.length > 0 || lives.some(({ until }) => until > Date.now())
  })

  function add(event: CacheEvent): void {
    const { type, at } = event
    if (type === "load") {
      // A load that hangs is overtaken by this one.
      for (const flight of flights) flight.until ??= at
      flights.push({ from: at, until: undefined, hasFailed: false })
    } else if (type === "loaded" || type === "failed") {
      const begun = at - event.duration
      const [flight] = flights.toSorted((a, b) => Math.abs(a.from - begun) - Math.abs(b.from - begun))
      if (flight) Object.assign(flight, { until: at, hasFailed: type === "failed" })
    }
    if (type !== "load" && type !== "loaded") mark(type, at)
    if (type === "set") begin(at)
    if (type === "delete" || type === "clear") end(at)
    if (type === "expire") expire(at)
    wake()
  }

  function mark(type: CacheEvent["type"], at: number): void {
    const near = marks.findLast((other) => other.type === type)
    if (near && at - near.until < 60) Object.assign(near, { until: at, count: near.count + 1 })
    else marks.push({ type, at, until: at, count: 1 })
  }

  function begin(at: number): void {
    end(at)
    const { ttl, grace } = terms()
    // An entry's life begins when its load did.
    const from = flights.findLast(({ until }) => until !== undefined && at - until < 1000)?.from ?? at
    lives.push({ from: at, fresh: from + ttl, stale: from + ttl + grace, until: from + ttl + grace })
  }

  function end(at: number): void {
    const life = lives.at(-1)
    if (life) life.until = Math.min(life.until, at)
  }

  function expire(at: number): void {
    const life = lives.pop()
    if (life) lives.push({ ...life, fresh: Math.min(life.fresh, at) })
  }

  function draw(): void {
    if (width === 0 || place.closest("[hidden]")) return
    const now = Date.now()
    const since = now - past
    marks = marks.filter(({ at }) => at > since)
    flights = flights.filter(({ until }) => until === undefined || until > since)
    lives = lives.filter(({ until }) => until > since)
    const x = (at: number) => left + ((Math.min(at, now + future) - since) / (past + future)) * (width - left)
    const clamp = (at: number) => Math.max(left, x(at))
    const y = (lane: string) => lanes.indexOf(lane) * laneHeight + laneHeight / 2
    const height = lanes.length * laneHeight
    const bar = (tone: string, kind: string, from: number, until: number, lane: string, thick: number) =>
      svg("rect", {
        "data-tone": tone,
        class: kind,
        x: clamp(from),
        y: y(lane) - thick / 2,
        width: Math.max(2, clamp(until) - clamp(from)),
        height: thick,
        rx: 4,
      })

    const parts: SVGElement[] = lanes.flatMap((lane) => [
      svg("line", { class: "grid", x1: left, x2: width, y1: y(lane), y2: y(lane) }),
      svg("text", { x: 0, y: y(lane) + 4 }, lane),
    ])
    for (let seconds = -past / 1000; seconds <= future / 1000; seconds += 3) {
      const label = seconds === 0 ? "now" : `${seconds > 0 ? "+" : "−"}${Math.abs(seconds)} s`
      const anchor = seconds === -past / 1000 ? "start" : seconds === future / 1000 ? "end" : "middle"
      parts.push(svg("text", { x: x(now + seconds * 1000), y: height + 14, "text-anchor": anchor }, label))
    }
    parts.push(svg("line", { class: "now", x1: x(now), x2: x(now), y1: 0, y2: height }))
    const band = (tone: "hit" | "stale", name: string, from: number, until: number): void => {
      if (until <= from || until <= since) return
      parts.push(bar(tone, "band", from, until, "entry", 20))
      if (clamp(until) - clamp(from) > 44)
        parts.push(svg("text", { class: "band-name", x: clamp(from) + 7, y: y("entry") + 4 }, name))
    }
    for (const { from, fresh, stale, until } of lives) {
      band("hit", "fresh", from, Math.min(fresh, until))
      band("stale", "stale", Math.max(from, fresh), Math.min(stale, until))
    }
    for (const [at, { from, until, hasFailed }] of flights.entries()) {
      const kind = until === undefined ? "flight flight-open" : "flight"
      parts.push(bar(hasFailed ? "error" : "load", kind, from, until ?? now, "load", 14))
      const end = clamp(until ?? now)
      const next = flights[at + 1]
      // How long it took, where there is room for it.
      if (until === undefined || (next ? clamp(next.from) : width) - end < 64) continue
      const label = `${hasFailed ? "failed, " : ""}${msText(until - from)}`
      parts.push(svg("text", { class: "mark-count", x: end + 6, y: y("load") + 4 }, label))
    }
    for (const { type, at, count } of marks) {
      const cx = x(at)
      if (cx < left) continue
      const lane = laneOf(type)
      const r = 4 + 2.2 * Math.log10(count)
      parts.push(svg("circle", { "data-tone": toneOf(type), class: "mark", cx, cy: y(lane), r }))
      if (count > 9)
        parts.push(
          svg("text", { class: "mark-count", x: cx + r + 4, y: y(lane) + 4 }, `× ${numberText(count)}`),
        )
    }
    place.replaceChildren(...parts)
  }

  onWidth(place, (now) => {
    width = now
    place.setAttribute("height", String(lanes.length * laneHeight + 20))
    draw()
  })
  return {
    add,
    reset() {
      marks = []
      flights = []
      lives = []
      draw()
    },
  }
}

function laneOf(type: CacheEvent["type"]): string {
  const tone = toneOf(type)
  return tone === "error" ? "load" : tone
}
