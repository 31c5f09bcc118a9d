import { find, msText, numberText, onWidth, svg } from "./dom.ts"

const most = 4000 // callers looked at, at least
const decades = ["1 ms", "10 ms", "100 ms", "1 s", "10 s"]
const perDecade = 4
const bins = (decades.length - 1) * perDecade + 1
const height = 178
const foot = 18

/** A histogram of what callers have waited, the time axis logarithmic, and percentiles. */
export function startLatency() {
  const place = find("#latency", SVGSVGElement)
  const numbers = find("#percentiles", HTMLElement)
  let waits: number[] = []
  let width = 0
  let isAsked = false

  function draw(): void {
    isAsked = false
    if (width === 0) return
    const counts = new Array<number>(bins).fill(0)
    for (const ms of waits) {
      const bin = binOf(ms)
      counts[bin] = (counts[bin] ?? 0) + 1
    }
    const room = height - foot - 16
    const step = width / bins
    // By the root, so that one slow caller among a thousand is seen.
    const top = Math.sqrt(Math.max(1, ...counts))
    const bars = counts.flatMap((count, bin) => {
      if (count === 0) return []
      const tall = Math.max(3, (Math.sqrt(count) / top) * room)
      const kind = bin === 0 ? "bar-fast" : bin < 2 * perDecade ? "bar" : "bar bar-slow"
      const x = bin * step
      return [
        svg("rect", {
          class: kind,
          x: x + 1.5,
          y: height - foot - tall,
          width: step - 3,
          height: tall,
          rx: 3,
        }),
        svg(
          "text",
          { x: x + step / 2, y: height - foot - tall - 4, "text-anchor": "middle", "font-size": 10 },
          short(count),
        ),
      ]
    })
    const axis = decades.map((label, at) => {
      const anchor = at === 0 ? "start" : at === decades.length - 1 ? "end" : "middle"
      const x = at === 0 ? 0 : at === decades.length - 1 ? width : (at * perDecade + 0.5) * step
      return svg("text", { x, y: height - 3, "text-anchor": anchor }, at === 0 ? "≤ 1 ms" : label)
    })
    const base = svg("line", { class: "grid", x1: 0, x2: width, y1: height - foot, y2: height - foot })
    place.replaceChildren(base, ...bars, ...axis)
    const sorted = [...waits].sort((a, b) => a - b)
    const at = (share: number) => msText(sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0)
    numbers.textContent = sorted.length === 0 ? "" : `p50 ${at(0.5)} · p95 ${at(0.95)} · p99 ${at(0.99)}`
    place.setAttribute(
      "aria-label",
      `What ${numberText(sorted.length)} callers waited: ${numbers.textContent || "nothing yet"}`,
    )
  }

  onWidth(place, (now) => {
    width = now
    place.setAttribute("height", String(height))
    draw()
  })
  return {
    add(ms: number) {
      waits.push(ms)
      if (waits.length > 2 * most) waits = waits.slice(-most)
      // Callers come back by the hundred: once a frame is enough.
      if (!isAsked) requestAnimationFrame(draw)
      isAsked = true
    },
    reset() {
      waits = []
      draw()
    },
  }
}

function binOf(ms: number): number {
  return ms <= 1 ? 0 : Math.min(bins - 1, Math.ceil(Math.log10(ms) * perDecade))
}

function short(count: number): string {
  return count < 1000 ? String(count) : `${(count / 1000).toFixed(1)}k`
}
