import { numberText, svg } from "./dom.ts"

/** A line of the chart: hit ratios by requests so far. */
export interface Series {
  /** Its class in the stylesheet. */
  readonly kind: string
  readonly ratios: [requests: number, ratio: number][]
}

const height = 260
const left = 42
const foot = 22
const head = 8

/** Draws hit ratios as they grow, over `total` requests. */
export function drawRatios(
  chart: SVGSVGElement,
  width: number,
  lines: readonly Series[],
  total: number,
): void {
  if (width === 0) return
  chart.setAttribute("height", String(height))
  const x = (requests: number) => left + (requests / total) * (width - left - 46)
  const y = (ratio: number) => head + (1 - ratio) * (height - head - foot)
  const parts: SVGElement[] = []
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    parts.push(svg("line", { class: "grid", x1: left, x2: width - 46, y1: y(share), y2: y(share) }))
    parts.push(svg("text", { x: left - 8, y: y(share) + 4, "text-anchor": "end" }, `${share * 100} %`))
  }
  const most = Math.floor(total / 20_000) * 20_000
  for (let requests = 0; requests <= most; requests += width < 500 ? 40_000 : 20_000) {
    parts.push(svg("text", { x: x(requests), y: height - 4, "text-anchor": "middle" }, numberText(requests)))
  }
  // Labels of lines that end close together step aside.
  let free = -Infinity
  for (const { kind, ratios } of lines) {
    const last = ratios.at(-1)
    if (!last) continue
    const points = ratios.map(([requests, ratio]) => `${x(requests).toFixed(1)},${y(ratio).toFixed(1)}`)
    parts.push(svg("polyline", { class: kind, points: points.join(" ") }))
    const at = Math.max(y(last[1]) + 4, free)
    free = at + 14
    parts.push(svg("text", { x: x(last[0]) + 6, y: at }, `${(100 * last[1]).toFixed(1)} %`))
  }
  chart.replaceChildren(...parts)
}
