import { expect, test } from "vitest"
import { servePlayground } from "../../playground/serve.ts"
import { findEngines } from "../browser/installed.ts"
import { driveWebKit } from "./webkit.ts"

const { webkit } = findEngines()

/** Clicks through the page in WebKit; an inner frame is the second tab. */
async function drive(): Promise<void> {
  if (window !== parent) return
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
  const find = (selector: string, root: ParentNode = document) => root.querySelector<HTMLElement>(selector)
  const textOf = (selector: string, root?: ParentNode) => find(selector, root)?.textContent ?? ""
  const until = async (holds: () => boolean) => {
    for (let left = 3000; left > 0 && !holds(); left--) await pause(50)
  }
  const report: Record<string, unknown> = {}
  try {
    await until(() => "ready" in document.documentElement.dataset)
    find("[data-fire='1000']")?.click()
    await until(() => textOf("#outcome").includes("1 000") || textOf("#outcome").includes("callers"))
    report["outcome"] = textOf("#outcome")
    report["events"] = [...document.querySelectorAll("#story li")].map((line) =>
      line.getAttribute("data-event"),
    )

    find("#tab-tabs")?.click()
    const frame = document.createElement("iframe")
    frame.src = "/#tabs"
    document.body.append(frame)
    await until(() => textOf("#tab-others").includes(","))
    find("#both")?.click()
    const other = () => frame.contentDocument ?? document
    await until(() => textOf("#tab-value").includes("by") && textOf("#tab-value", other()).includes("by"))
    report["values"] = [textOf("#tab-value"), textOf("#tab-value", other())]
    report["loads"] = [textOf("#tab-loads"), textOf("#tab-loads", other())].map((text) =>
      Number(text.match(/\d+/)?.[0]),
    )
    frame.remove()

    find("#tab-replay")?.click()
    find("#replay-start")?.click()
    await until(() => find("#ratios[data-done]") !== null)
    report["ratio"] = textOf("#replay-table tr:nth-child(2) td")

    find("#tab-inspect")?.click()
    find("#samples")?.click()
    const rows = () => find("isocache-inspector")?.shadowRoot?.querySelectorAll("tbody tr").length ?? 0
    await until(() => rows() > 9)
    report["rows"] = rows()

    find("#tab-prove")?.click()
    find("#prove-start")?.click()
    await until(() => find("#prove-results[data-done]") !== null)
    report["broken"] = [...document.querySelectorAll("[data-result=broken]")].map((law) => law.textContent)
    report["verdict"] = textOf("#prove-status")
  } catch (error) {
    report["error"] = String(error)
  }
  await fetch("/report", { method: "POST", body: JSON.stringify(report) })
}

test.skipIf(!webkit)("WebKit does all of it", { timeout: 300_000 }, async () => {
  const served = await servePlayground(0)
  try {
    const report = await driveWebKit(webkit ?? "", served.url, `(${drive.toString()})()`, 240_000)
    expect(report).toMatchObject({ loads: expect.anything(), ratio: "41.1 %", rows: 10, broken: [] })
    const { events, values, loads, outcome, verdict } = report as Record<string, string[] & number[]> // as asserted
    expect(outcome).toContain("1 call of the origin")
    expect(events?.filter((type: unknown) => type !== "coalesced")).toEqual(["miss", "load", "loaded", "set"])
    expect(values?.[0]).toBe(values?.[1])
    expect(Number(loads?.[0]) + Number(loads?.[1])).toBe(1)
    expect(verdict).toMatch(/^All laws hold/)
  } finally {
    await served.close()
  }
})
