import axe from "axe-core"
import { expect, test } from "vitest"
import { inEachBrowser } from "./browsers.ts"
import { appears, type Tab, textIs } from "./visit.ts"

// As a function, for the page's policy forbids `eval`.
const loadAxe = new Function(axe.source) as () => void // What it answers is of no use.

/** What axe-core finds wrong in what is shown: roles, labels, contrast, structure. */
async function complaintsOf(tab: Tab): Promise<string[]> {
  await tab.run(loadAxe)
  return tab.run(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { target: unknown[] }[] }[] }> }
    } // The script has just put it there.
    const { violations } = await axe.run()
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(" ")}`))
  })
}

/** Makes a part show something. */
const lively: Readonly<Record<string, (tab: Tab) => Promise<void>>> = {
  async try(tab) {
    await tab.click("[data-scene=failing]")
    await appears(tab, "#scene[data-done]")
  },
  async tabs(tab) {
    await tab.click("#write")
    await textIs(tab, "#tab-log", "told the others")
  },
  async replay(tab) {
    await tab.click("#replay-start")
    await appears(tab, "#ratios .line-s3")
  },
  async inspect(tab) {
    await tab.click("#samples")
    await expect
      .poll(() =>
        tab.run(
          () => document.querySelector("isocache-inspector")?.shadowRoot?.querySelectorAll("tbody tr").length,
        ),
      )
      .toBe(9)
    await tab.click('isocache-inspector >>> [aria-label="Expire rates"]')
  },
  async prove(tab) {
    await tab.click("#prove-start")
    await appears(tab, "[data-result=held]")
  },
}

inEachBrowser(({ open }) => {
  test("axe-core finds nothing wrong in any part, light and dark", { timeout: 120_000 }, async () => {
    for (const [part, enliven] of Object.entries(lively)) {
      const tab = await open(part)
      await enliven(tab)
      const grounds = new Set<string>()
      for (const scheme of ["light", "dark"]) {
        await tab.run((chosen) => document.documentElement.style.setProperty("color-scheme", chosen), scheme)
        grounds.add(await tab.run(() => getComputedStyle(document.body).backgroundColor))
        expect([part, scheme, await complaintsOf(tab)]).toEqual([part, scheme, []])
      }
      expect(grounds.size).toBe(2)
      await tab.close()
    }
  })

  test("arrow keys walk through the parts, Tab goes into the one that is shown", {
    timeout: 60_000,
  }, async () => {
    const tab = await open("try")
    const focused = () => tab.run(() => document.activeElement?.id)
    await tab.run(() => document.querySelector<HTMLElement>("#tab-try")?.focus())
    await tab.press("ArrowRight")
    expect(await focused()).toBe("tab-tabs")
    expect(
      await tab.run(() =>
        [...document.querySelectorAll("[role=tabpanel]:not([hidden])")].map(({ id }) => id),
      ),
    ).toEqual(["tabs"])
    await tab.press("End")
    expect(await focused()).toBe("tab-prove")
    expect(await tab.run(() => document.querySelector("#tab-prove")?.getAttribute("aria-selected"))).toBe(
      "true",
    )
    expect(await tab.run(() => document.title)).toBe("Prove it · isocache playground")
    await tab.press("Tab")
    expect(await tab.run(() => document.activeElement?.closest("[role=tabpanel]")?.id)).toBe("prove")
    await tab.close()
  })

  test("a part that is opened by its address has the tabs above it", { timeout: 60_000 }, async () => {
    for (const part of ["try", "inspect"]) {
      const tab = await open(part)
      const above = () => tab.run(() => document.querySelector(".tabs")?.getBoundingClientRect().top ?? -1)
      expect(await above()).toBeGreaterThan(0)
      await tab.close()
    }
  })

  test("the skip link leads to the content and leaves the part", { timeout: 60_000 }, async () => {
    const tab = await open("replay")
    await tab.run(() => document.querySelector<HTMLElement>(".skip")?.focus())
    await tab.press("Enter")
    await expect.poll(() => tab.run(() => document.activeElement?.id)).toBe("main")
    expect(await tab.run(() => document.querySelector("#replay")?.hasAttribute("hidden"))).toBe(false)
    await tab.close()
  })

  test("no part is wider than a phone", { timeout: 60_000 }, async () => {
    const tab = await open("try")
    await tab.run((names) => {
      document.body.replaceChildren(
        ...names.split(" ").map((name) => {
          const frame = document.createElement("iframe")
          frame.src = `/?${name}#${name}`
          frame.style.cssText = "width: 360px; height: 700px"
          return frame
        }),
      )
    }, Object.keys(lively).join(" "))
    const tooWide = () =>
      tab.run(() =>
        [...document.querySelectorAll("iframe")].map(({ contentDocument: page }) =>
          page?.querySelector("html[data-ready]")
            ? Math.max(
                ...[page.documentElement, page.querySelector(".tabs")].map((wide) =>
                  wide ? wide.scrollWidth - wide.clientWidth : Infinity,
                ),
              )
            : -1,
        ),
      )
    await expect.poll(tooWide, { timeout: 20_000 }).toEqual(Object.keys(lively).map(() => 0))
    await tab.close()
  })
})
