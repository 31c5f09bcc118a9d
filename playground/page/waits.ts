import { find, numberText, onWidth, svg } from "./dom.ts"
import { ticker } from "./ticker.ts"

const past = 9000 // ms shown
const together = 80 // ms that make one dot
const decades = ["1 ms", "10 ms", "100 ms", "1 s", "10 s"]
const top = 6
const height = 178
const foot = 18
const left = 48

/** Callers who came back about the same time, after about the same wait. */
interface Dot {
  readonly at: number
  readonly level: number
  readonly tone: string
  count: number
}

/** What callers waited, by the time they came back; those who got an error in its colour. */
export function startWaits() {
  const place = find("#waits", SVGSVGElement)
  let dots: Dot[] = []
  let width = 0
  const wake = ticker(() => {
    draw()
    return dots.length > 0
  })

  function draw(): void {
    if (width === 0 || place.closest("[hidden]")) return
    const since = Date.now() - past
    dots = dots.filter(({ at }) => at > since)
    const x = (at: number) => left + 8 + ((at - since) / past) * (width - left - 16)
    const y = (level: number) =>
      height - foot - 8 - (level / (decades.length - 1)) * (height - foot - top - 16)
    const parts: SVGElement[] = decades.flatMap((label, level) => [
      svg("line", { class: "grid", x1: left, x2: width, y1: y(level), y2: y(level) }),
      svg("text", { x: left - 8, y: y(level) + 4, "text-anchor": "end" }, label),
    ])
    parts.push(
      svg("text", { x: left, y: height - 3 }, `−${past / 1000} s`),
      svg("text", { x: width, y: height - 3, "text-anchor": "end" }, "now"),
    )
    for (const { at, level, tone, count } of dots) {
      const r = 3 + 2 * Math.log10(count)
      const title = svg("title", {}, numberText(count))
      parts.push(svg("circle", { class: "mark", "data-tone": tone, cx: x(at), cy: y(level), r }, title))
    }
    place.replaceChildren(...parts)
  }

  onWidth(place, (now) => {
    width = now
    place.setAttribute("height", String(height))
    draw()
  })
  return {
    add(ms: number, hasFailed: boolean) {
      const at = Date.now()
      const level = Math.round(8 * Math.min(4, Math.max(0, Math.log10(Math.max(1, ms))))) / 8
      const tone = hasFailed ? "error" : level === 0 ? "hit" : level < 2 ? "load" : "stale"
      const near = dots.findLast((dot) => dot.level === level && dot.tone === tone)
      if (near && at - near.at < together) near.count++
      else dots.push({ at, level, tone, count: 1 })
      wake()
    },
    reset() {
      dots = []
      draw()
    },
  }
}
