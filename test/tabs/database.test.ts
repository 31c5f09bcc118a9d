import { expect, test } from "vitest"
import { inEachBrowser, type Tab } from "./browsers.ts"

async function open(tabs: readonly Tab[]): Promise<string> {
  const name = `database ${Math.random()}`
  await Promise.all(tabs.map((tab) => tab.run("open", { name })))
  return name
}

/** Lets a tab call all the time while `meanwhile` happens, and some time before and after it. */
async function whileBusy(tab: Tab, meanwhile: () => Promise<unknown>): Promise<void> {
  const answers = async (more: number) => {
    const { answered } = await tab.run("tally")
    const enough = async () => (await tab.run("tally")).answered >= answered + more
    await expect.poll(enough, { timeout: 20_000, interval: 20 }).toBe(true)
  }
  await tab.run("busy")
  await answers(60)
  await meanwhile()
  await answers(60)
  await tab.run("rest")
  const { asked } = await tab.run("tally")
  await expect.poll(async () => (await tab.run("tally")).answered, { timeout: 20_000 }).toBe(asked)
}

inEachBrowser((tabs) => {
  test("keys and clear reach across tabs", { timeout: 120_000 }, async () => {
    const [one, two] = await tabs(2)
    await open([one, two])
    await one.run("write", "set", "a", 1)
    await two.run("write", "set", "b", 2)
    for (const tab of [one, two]) expect((await tab.run("keys")).sort()).toEqual(["a", "b"])
    expect([await one.run("read", "b"), await two.run("read", "a")]).toEqual([2, 1])
    await two.run("write", "clear")
    for (const tab of [one, two]) expect(await tab.run("keys")).toEqual([])
    expect([await one.run("read", "a"), await one.run("read", "b")]).toEqual([null, null])
    await one.run("write", "set", "c", 3)
    expect(await two.run("keys")).toEqual(["c"])
  })

  test("another tab deletes the database while it is in use: it need not wait, and no call is lost", {
    timeout: 120_000,
  }, async () => {
    const [one, two] = await tabs(2)
    const name = await open([one])
    await one.run("write", "set", "old", 1)
    await whileBusy(one, () => two.run("erase", name))
    expect(await one.run("tally")).toMatchObject({ failures: [], errors: [] })
    expect(await one.run("read", "old")).toBeNull()
    // It is on a database again, not on memory.
    await two.run("open", { name })
    await one.run("write", "set", "new", 2)
    expect(await two.run("read", "new")).toBe(2)
  })

  test("a database that another tab deletes is gone from memory too, and what comes later is for all", {
    timeout: 120_000,
  }, async () => {
    const [one, two] = await tabs(2)
    const name = `database ${Math.random()}`
    await one.run("open", { name, near: true })
    await one.run("write", "set", "old", 1)
    expect(await one.run("read", "old")).toBe(1)
    await two.run("erase", name)
    expect(await one.run("peek", "old")).toBeNull()
    await one.run("write", "set", "new", 2)
    await two.run("open", { name })
    expect([await two.run("read", "old"), await two.run("read", "new")]).toEqual([null, 2])
  })

  test("the browser clears the site's data while it is in use: it is gone from memory, and the tabs share what comes later", {
    timeout: 120_000,
  }, async () => {
    const [one, two] = await tabs(2)
    const name = `database ${Math.random()}`
    for (const tab of [one, two]) await tab.run("open", { name, near: true })
    await one.run("write", "set", "old", 1)
    for (const tab of [one, two]) expect(await tab.run("read", "old")).toBe(1)
    await whileBusy(one, () => whileBusy(two, () => two.run("clearSite")))
    for (const tab of [one, two]) expect(await tab.run("read", "old")).toBeNull()
    await one.run("write", "set", "new", 2)
    await expect.poll(() => two.run("read", "new")).toBe(2)
    for (const tab of [one, two]) expect(await tab.run("tally")).toMatchObject({ failures: [], errors: [] })
  })

  test("another tab upgrades the database while it is in use: one error event, no call is lost, memory stands in", {
    timeout: 120_000,
  }, async () => {
    const [one, two] = await tabs(2)
    const name = await open([one])
    await one.run("write", "set", "old", 1)
    await whileBusy(one, () => two.run("upgrade", name))
    expect(await one.run("tally")).toMatchObject({ failures: [], errors: ["ADAPTER_UNAVAILABLE"] })
    await one.run("write", "set", "kept", "meanwhile")
    expect(await one.run("read", "kept")).toBe("meanwhile")

    // Half a minute later it tries again: in vain at first, then the database is there, and memory is let go.
    await one.run("later", 31_000)
    expect(await one.run("read", "kept")).toBe("meanwhile")
    await two.run("erase", name)
    await one.run("later", 62_000)
    await expect.poll(() => one.run("read", "kept"), { timeout: 10_000 }).toBeNull()
    await one.run("write", "set", "new", 2)
    await two.run("open", { name })
    expect([await two.run("read", "kept"), await two.run("read", "new")]).toEqual([null, 2])
    expect((await one.run("tally")).errors).toEqual(["ADAPTER_UNAVAILABLE"])
  })

  test("a tab at rest lets go at once when another upgrades", { timeout: 120_000 }, async () => {
    const [one, two] = await tabs(2)
    const name = await open([one])
    await one.run("write", "set", "k", 1)
    expect(await two.run("upgrade", name)).toEqual({ blocked: false })
    expect(await one.run("read", "k")).toBeNull()
    await one.run("write", "set", "k", 2)
    expect(await one.run("read", "k")).toBe(2)
    expect(await one.run("tally")).toMatchObject({ errors: ["ADAPTER_UNAVAILABLE"] })
  })

  test("a tab that keeps its connection delays an upgrade, but no caller", { timeout: 120_000 }, async () => {
    const [one, two, stubborn] = await tabs(3)
    const name = `database ${Math.random()}`
    await one.run("open", { name, storeTimeout: 2_000 })
    await one.run("write", "set", "old", 1)
    await stubborn.run("hold", name)
    let isUpgraded = false
    const upgrading = two.run("upgrade", name).then(() => {
      isUpgraded = true
    })
    await two.run("tally")

    // These wait until the storage has had its 2 s, and load; soon after, it is given up.
    const start = performance.now()
    await one.run("ask", 100, true)
    await expect.poll(() => one.run("tally"), { timeout: 20_000 }).toMatchObject({ answered: 100, loads: 1 })
    expect(performance.now() - start).toBeLessThan(10_000)
    const errors = ["STORE_TIMEOUT", "ADAPTER_UNAVAILABLE"]
    await expect.poll(async () => (await one.run("tally")).errors, { timeout: 5_000 }).toEqual(errors)

    await one.run("ask", 100, true)
    await one.run("write", "set", "new", 2)
    expect(await one.run("read", "new")).toBe(2)
    expect(isUpgraded).toBe(false)
    await stubborn.run("letGo")
    await upgrading
    expect(await one.run("read", "new")).toBe(2)
    expect(await one.run("tally")).toMatchObject({ asked: 200, answered: 200, failures: [], errors })
  })

  test("a tab that is killed while it writes leaves a whole database to the other", {
    timeout: 120_000,
  }, async () => {
    const [one, two] = await tabs(2)
    await open([one, two])
    const kill = await one.killer()
    await whileBusy(two, async () => {
      await one.run("busy")
      await expect
        .poll(async () => (await one.run("tally")).answered, { timeout: 20_000 })
        .toBeGreaterThan(60)
      kill()
      expect(await one.isAlive()).toBe(false)
    })
    expect(await two.run("tally")).toMatchObject({ failures: [], errors: [] })
    await two.run("write", "set", "after", 1)
    expect(await two.run("keys")).toContain("after")
    await two.run("write", "clear")
    expect(await two.run("keys")).toEqual([])
  })
})
