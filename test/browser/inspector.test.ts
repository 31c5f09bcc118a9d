import { expect, onTestFinished, test, vi } from "vitest"
import { memory } from "../../adapters/memory.ts"
import { previewOf, sizeOf } from "../../src/inspector/text.ts"
import { defineInspector, type InspectorElement } from "../../src/inspector.ts"
import { CacheWrapper } from "../../src/wrapper.ts"

/** A panel in the page, and the texts of its rows. */
function openPanel() {
  defineInspector()
  // defineInspector has made it one.
  const panel = document.createElement("isocache-inspector") as HTMLElement & InspectorElement
  document.body.append(panel)
  onTestFinished(() => panel.remove())
  const rows = () =>
    [...(panel.shadowRoot?.querySelectorAll("tbody tr") ?? [])].map((row) => row.textContent ?? "")
  const click = (label: string) =>
    panel.shadowRoot?.querySelector<HTMLElement>(`[aria-label="${CSS.escape(label)}"]`)?.click()
  return { panel, rows, click }
}

function sparse(length: number): unknown[] {
  const list: unknown[] = [1, "two"]
  list.length = length
  return list
}

test("what another cache has under the same key, made at the same time, is shown as it is", async () => {
  const cache = new CacheWrapper({ adapter: memory() })
  const [en, de] = [cache.region("en"), cache.region("de")]
  const clock = vi.spyOn(Date, "now").mockReturnValue(Date.now())
  await Promise.all([en.set("title", "Hello", { tags: ["english"] }), de.set("title", "Hallo")])
  clock.mockRestore()
  const { panel, rows, click } = openPanel()
  panel.cache = en
  await expect.poll(rows).toEqual([expect.stringMatching(/"Hello".*english/)])

  panel.cache = de
  // What is still drawn of the old one would act on the new one.
  expect(rows()).toEqual([])
  await expect.poll(rows).toEqual([expect.stringMatching(/"Hallo"/)])
  expect(rows().join()).not.toContain("english")
  click("Delete title")
  await expect.poll(() => de.get("title")).toBeUndefined()
  expect(await en.get("title")).toBe("Hello")
})

test("entries of regions with arguments for keys are shown, and acted upon", async () => {
  const cache = new CacheWrapper({ adapter: memory() })
  const users = cache.region("users", {
    grace: "1h",
    key: ({ id }: { readonly id: number }) => ["user", id],
    generate: ({ id }: { readonly id: number }) => `user ${id}`,
  })
  await users.get({ id: 1 })
  await users.get({ id: 2 })
  const { panel, rows, click } = openPanel()
  panel.cache = users as unknown as CacheWrapper // It takes no arguments but names.
  await expect
    .poll(() => rows().sort())
    .toEqual(["1", "2"].map((id) => expect.stringMatching(`"user ${id}".*fresh`)))
  click('Expire ~["user",1]')
  await expect.poll(() => rows().join()).toMatch(/"user 1".*stale/)
  click('Delete ~["user",2]')
  await expect.poll(rows).toHaveLength(1)
  expect(await users.peek({ id: 2 })).toBeUndefined()
})

test("keys and tags of any length fit, and an English panel reads from the left in any page", async () => {
  const cache = new CacheWrapper({ adapter: memory() })
  await cache.set("k".repeat(100_000), 1, { tags: ["t".repeat(1_000)] })
  document.documentElement.dir = "rtl"
  onTestFinished(() => document.documentElement.removeAttribute("dir"))
  const { panel, rows, click } = openPanel()
  panel.cache = cache
  await expect.poll(rows).toHaveLength(1)
  for (const width of ["360px", "1000px"]) {
    panel.style.width = width
    expect(panel.scrollWidth).toBe(panel.clientWidth)
    expect(panel.clientHeight).toBeLessThan(2_000)
  }
  expect(getComputedStyle(panel).direction).toBe("ltr")
  click(`Delete ${"k".repeat(200)}…`)
  await expect.poll(rows).toEqual([])
})

test("trouble with a cache that is shown no more neither shows nor holds up the next one", async () => {
  const adapter = memory()
  let fail: (error: Error) => void = () => {}
  const failing = new Promise<never>((_, reject) => {
    fail = reject
  })
  const keys = async function* () {
    yield await failing
  }
  const [bad, good] = [new CacheWrapper({ adapter: { ...adapter, keys } }), new CacheWrapper({ adapter })]
  await good.set("k", 1)
  const { panel, rows } = openPanel()
  panel.cache = bad
  await bad.ready()
  await new Promise((resolve) => setTimeout(resolve, 50))
  panel.cache = good
  fail(new Error("boom"))
  await expect.poll(rows, { timeout: 500, interval: 10 }).toHaveLength(1)
  expect(panel.shadowRoot?.querySelector("[role=status]")?.textContent).not.toContain("boom")
})

test("a long array, text or map is looked at by its beginning", () => {
  const long = [sparse(1e8), new Map([["list", sparse(1e8)]]), { list: sparse(1e8), text: "x".repeat(1e7) }]
  const start = performance.now()
  for (const value of long) {
    expect(sizeOf(value)).toBeGreaterThan(5e8)
    expect(previewOf(value)).toMatch(/^.{90}…$/)
  }
  expect(performance.now() - start).toBeLessThan(1_000)
  expect(previewOf(sparse(1e8))).toMatch(/^\[1,"two",null,null/)
  expect(sizeOf(Array.from({ length: 10_000 }, () => "x".repeat(8)))).toBe(110_002)
})

test("a value is previewed whole where there is room", () => {
  expect(previewOf({ list: [1, "two", 3n], map: new Map([["k", new Set([1])]]), at: new Date(0) })).toBe(
    '{"list":[1,"two","3n"],"map":{"Map":[["k",{"Set":[1]}]]},"at":"1970-01-01T00:00:00.000Z"}',
  )
  expect([previewOf(undefined), previewOf(new Uint8Array(5)), previewOf(Number.NaN)]).toEqual([
    "undefined",
    '"5 bytes"',
    '"NaN"',
  ])
  expect([sizeOf({ a: [1, "two"] }), sizeOf(new Map([["k", 1]])), sizeOf("text")]).toEqual([16, 11, 6])
})
