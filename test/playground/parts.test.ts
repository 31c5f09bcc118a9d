import { readFileSync } from "node:fs"
import { gunzipSync } from "node:zlib"
import { expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import { inEachBrowser } from "./browsers.ts"
import { appears, choose, countOf, type Tab, textIs, textOf, textsOf } from "./visit.ts"

/** What bare memory adapters make of the log, as the page writes it: hit ratios, and calls of the origin. */
function outcomeOf(maxEntries: number): { ratios: string[]; calls: number[] } {
  const bytes = gunzipSync(readFileSync(new URL("../../playground/data/web12.bin.gz", import.meta.url)))
  const calls = (["s3-fifo", "lru"] as const).map((policy) => {
    const cache = memory({ maxEntries, policy })
    let misses = 0
    for (let at = 0; at < bytes.length; at += 4) {
      const key = String(bytes.readInt32BE(at))
      if (cache.get(key) !== undefined) continue
      misses++
      cache.set(key, true, Infinity)
    }
    return misses
  })
  const total = bytes.length / 4
  return { ratios: calls.map((misses) => `${(100 * (1 - misses / total)).toFixed(1)} %`), calls }
}

const plain = (text: string) => Number(text.replaceAll("\u202f", ""))
const valueIn = (tab: Tab) => textOf(tab, '[data-tab="this"] .value')
const loadsIn = async (tab: Tab) => Number((await textOf(tab, '[data-tab="this"] .hint')).match(/\d+$/)?.[0])
const rowsIn = (tab: Tab) =>
  tab.run(() => {
    const rows = document.querySelector("isocache-inspector")?.shadowRoot?.querySelectorAll("tbody tr") ?? []
    return [...rows].map((row) => row.textContent ?? "")
  })

inEachBrowser(({ open }) => {
  test("the replay ends with what the bare policies come to", { timeout: 120_000 }, async () => {
    const tab = await open("replay")
    const { ratios, calls } = outcomeOf(688)
    await choose(tab, "#size", "688")
    await tab.click("#replay-start")
    await appears(tab, "#ratios .line-s3 + .line-lru, #ratios .line-s3")
    await appears(tab, "#ratios[data-done]", 100_000)
    expect(await textsOf(tab, "#replay-table tr:nth-child(2) td")).toEqual(ratios)
    expect((await textsOf(tab, "#replay-table tr:nth-child(3) td")).map(plain)).toEqual(calls)
    const saved = calls.map((misses) => 95_607 - misses)
    expect((await textsOf(tab, "#replay-table tr:nth-child(4) td")).map(plain)).toEqual(saved)
    const [ours = 0, theirs = 0] = calls
    expect((await textOf(tab, "#replay-status")).replaceAll("\u202f", "")).toContain(
      `asked the origin ${theirs - ours} times less than LRU`,
    )
    await tab.close()
  })

  test("the replay stops when asked", { timeout: 60_000 }, async () => {
    const tab = await open("replay")
    await tab.click("#replay-start")
    await appears(tab, "#ratios .line-s3")
    await tab.click("#replay-stop")
    await textIs(tab, "#replay-status", "Stopped")
    expect(await countOf(tab, "#ratios[data-done]")).toBe(0)
    await tab.close()
  })

  test("of two tabs one has the lease and loads, the other waits and is notified of the write", {
    timeout: 90_000,
  }, async () => {
    const one = await open("tabs")
    await one.click("#drop")
    const two = await open("tabs")
    const names = [await textOf(one, "#tab-name"), await textOf(two, "#tab-name")]
    for (const name of names) for (const tab of [one, two]) await textIs(tab, "#tab-others", name)
    await two.click("#both")
    await textIs(two, "#tab-others", "holds the lease, and loads")
    await textIs(two, "#tab-others", "waits for the lease")
    for (const tab of [one, two]) await textIs(tab, "#tab-shared", "made by")
    const made = await textOf(two, "#tab-shared")
    for (const tab of [one, two]) {
      // "Drop it" may arrive when the value was read already; then it is read once more.
      await textIs(tab, "#tab-others", "idle")
      await tab.click("#here")
      await expect.poll(() => valueIn(tab), { timeout: 10_000 }).toBe(made)
    }
    expect((await loadsIn(one)) + (await loadsIn(two))).toBe(1)

    await two.click("#write")
    await textIs(one, "#tab-log", "heard: drop")
    await textIs(one, '[data-tab="this"] .value', "nothing in memory")
    // What is read while the other still writes is not kept; then it is read once more.
    const readHere = async () => {
      await one.click("#here")
      return valueIn(one)
    }
    await expect.poll(readHere, { timeout: 10_000, interval: 200 }).toContain(`made by ${names[1]}`)
    await two.close()
    await expect.poll(() => countOf(one, "#tab-others li"), { timeout: 20_000 }).toBe(1)
    await one.close()
  })

  test("the inspector shows entries, counts their time down, and ends them", {
    timeout: 60_000,
  }, async () => {
    const tab = await open("inspect")
    await tab.click("#samples")
    const until = (count: number) =>
      expect.poll(async () => (await rowsIn(tab)).length, { timeout: 10_000 }).toBe(count)
    const row = async (key: string) => (await rowsIn(tab)).find((text) => text.startsWith(key)) ?? ""
    await until(9)
    expect(await row("config")).toContain("for ever")
    expect(await row("thumbnail")).toContain("4.1 kB")
    expect(await row('~["user",1]')).toContain("writers")
    const left = async () => Number((await row('~["user",0]')).match(/fresh (\d+) s/)?.[1])
    const before = await left()
    await expect.poll(left, { timeout: 10_000 }).toBeLessThan(before)

    await tab.click('isocache-inspector >>> [aria-label="Delete config"]')
    await until(8)
    await tab.click('isocache-inspector >>> [aria-label="Expire rates"]')
    await expect.poll(() => row("rates")).toContain("stale")
    await choose(tab, "isocache-inspector >>> select", "users")
    await tab.click("isocache-inspector >>> .pair button")
    await until(2)
    await tab.click("isocache-inspector >>> .tools > .danger")
    await until(0)
    await tab.close()
  })

  test("the inspector shows what 'Try it' keeps, wherever it keeps it", { timeout: 60_000 }, async () => {
    const tab = await open("try")
    await choose(tab, "#storage", "kv")
    await tab.click("#reset")
    await textIs(tab, "#outcome", "The entry is gone")
    await tab.click("[data-fire='1']")
    await textIs(tab, "#outcome", "1 caller, 1 call")
    await tab.click("#tab-inspect")
    await textIs(tab, "#inspect-storage", "KV")
    await expect.poll(() => rowsIn(tab), { timeout: 10_000 }).toEqual([expect.stringContaining("report")])
    await tab.click('isocache-inspector >>> [aria-label="Delete report"]')
    await expect.poll(() => rowsIn(tab), { timeout: 10_000 }).toEqual([])
    await tab.close()
  })

  test("the conformance suite holds in this browser, case by case", { timeout: 300_000 }, async () => {
    const tab = await open("prove")
    await tab.click("#prove-start")
    await appears(tab, "#prove-results[data-done]", 280_000)
    expect(await textsOf(tab, "li[data-result=broken]")).toEqual([])
    expect(await textOf(tab, "#prove-status")).toMatch(/^All laws hold: \d{3} held/)
    const counts = await textsOf(tab, ".laws h3 span")
    expect(counts.map((text) => text.split(" of ")).filter(([done, total]) => done !== total)).toEqual([])
    expect(counts).toHaveLength(2)
    await tab.close()
  })
})
