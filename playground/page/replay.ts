import { memory } from "isocache/adapters/memory"
import { CacheWrapper } from "isocache/core"
import { countText, find, html, numberText, onWidth, percentText } from "./dom.ts"
import { readLog } from "./log.ts"
import { drawRatios, type Series } from "./ratios.ts"

const turn = 12 // ms of work before the page may breathe
const points = 240
const pages = 13_756 // different ones in the log

/** A memory with its policy, and how it has done. */
interface Lane extends Series {
  readonly title: string
  readonly cache: CacheWrapper
  /** Requests that went on to the origin. */
  calls: number
}

/** "Replay": a real log through two memories of one size. */
export function startReplay(): void {
  const size = find("#size", HTMLSelectElement)
  const [start, stop] = [find("#replay-start", HTMLButtonElement), find("#replay-stop", HTMLButtonElement)]
  const progress = find("#replay-progress", HTMLProgressElement)
  const status = find("#replay-status", HTMLElement)
  const chart = find("#ratios", SVGSVGElement)
  let log: Int32Array | undefined
  let lanes: Lane[] = []
  let width = 0
  let abort = new AbortController()

  for (const percent of [1, 2, 5, 10, 25, 50, 100]) {
    const entries = Math.round((pages * percent) / 100)
    size.append(new Option(`${numberText(entries)} entries, ${percent} % of the pages`, String(entries)))
  }
  size.value = "688"
  const draw = (): void => {
    drawRatios(chart, width, lanes, log?.length ?? 95_607)
    drawTable(lanes)
  }
  onWidth(chart, (now) => {
    width = now
    draw()
  })

  async function replay(): Promise<void> {
    log ??= await readLog()
    const maxEntries = Number(size.value)
    lanes = (["s3-fifo", "lru"] as const).map((policy) => ({
      title: policy === "lru" ? "LRU" : "S3-FIFO",
      kind: policy === "lru" ? "line-lru" : "line-s3",
      cache: new CacheWrapper({ adapter: memory({ maxEntries, policy }), ttl: Infinity }),
      calls: 0,
      ratios: [],
    }))
    const every = Math.ceil(log.length / points)
    let pausedAt = performance.now()
    let at = 0
    let drawnAt = 0
    for (const page of log) {
      for (const lane of lanes) {
        await lane.cache.getOrSet(`/product/${page}`, () => {
          lane.calls++
          return { page, title: `Product ${page}` }
        })
      }
      at++
      if (at % every === 0 || at === log.length)
        for (const { ratios, calls } of lanes) ratios.push([at, 1 - calls / at])
      if (performance.now() - pausedAt < turn && at < log.length) continue
      progress.value = at / log.length
      if (performance.now() - drawnAt > 100 || at === log.length) {
        draw()
        drawnAt = performance.now()
      }
      await new Promise((resolve) => setTimeout(resolve))
      if (abort.signal.aborted) return
      pausedAt = performance.now()
    }
  }

  async function run(): Promise<void> {
    abort = new AbortController()
    start.disabled = true
    stop.disabled = false
    status.textContent = "Replaying …"
    delete chart.dataset["done"]
    const begun = performance.now()
    try {
      await replay()
      const seconds = ((performance.now() - begun) / 1000).toFixed(1)
      const [ours, theirs] = lanes
      const fewer = (theirs?.calls ?? 0) - (ours?.calls ?? 0)
      status.textContent = abort.signal.aborted
        ? "Stopped."
        : [
            `${countText(log?.length ?? 0, "request")} through each of them, in ${seconds} s.`,
            `S3-FIFO answered ${percentText(ratioOf(ours))} from memory,`,
            `and asked the origin ${againstText(fewer)} LRU.`,
          ].join(" ")
      if (!abort.signal.aborted) chart.dataset["done"] = ""
    } catch (error) {
      status.textContent = String(error)
    }
    start.disabled = false
    stop.disabled = true
  }

  stop.addEventListener("click", () => abort.abort())
  find("#replay-form", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault()
    void run()
  })
}

function againstText(fewer: number): string {
  if (fewer === 0) return "as often as"
  return `${countText(Math.abs(fewer), "time")} ${fewer > 0 ? "less" : "more"} than`
}

function ratioOf(lane: Lane | undefined): number {
  return lane?.ratios.at(-1)?.[1] ?? 0
}

function drawTable(lanes: readonly Lane[]): void {
  const requests = (lane: Lane) => lane.ratios.at(-1)?.[0] ?? 0
  const rows: [string, (lane: Lane) => string][] = [
    ["Requests", (lane) => numberText(requests(lane))],
    ["Hit ratio", (lane) => percentText(ratioOf(lane))],
    ["Origin calls", (lane) => numberText(lane.calls)],
    ["Origin calls saved", (lane) => numberText(Math.max(0, requests(lane) - lane.calls))],
    ["Evicted", (lane) => numberText(lane.cache.metrics().evictions)],
  ]
  const shown = lanes.length > 0 ? lanes : undefined
  const head = ["S3-FIFO", "LRU"].map((title) => html("th", { scope: "col" }, title))
  find("#replay-table", HTMLTableElement).replaceChildren(
    html("thead", {}, html("tr", {}, html("td"), ...head)),
    html(
      "tbody",
      {},
      ...rows.map(([name, text]) => {
        const cells = shown
          ? shown.map((lane) => html("td", {}, text(lane)))
          : [html("td", {}, "–"), html("td", {}, "–")]
        return html("tr", {}, html("th", { scope: "row" }, name), ...cells)
      }),
    ),
  )
}
