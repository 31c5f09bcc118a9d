import { describe, expect, test, vi } from "vitest"
import type { LoadContext } from "../../src/types.ts"
import { kinds, lateKinds } from "../support/fake.ts"
import { gate, settled, setup, unheard } from "../support/setup.ts"

/** A load that lasts until it is told otherwise, or until its signal aborts. */
function watched() {
  const { promise, pass, fail } = gate()
  const state = { promise, pass, aborted: false, runs: 0, load }
  function load({ signal }: LoadContext<string>): Promise<string> {
    state.runs++
    signal.addEventListener("abort", () => {
      state.aborted = true
      fail(signal.reason)
    })
    return promise
  }
  return state
}

describe.each(kinds)("%s", (kind) => {
  test("a signal that is aborted already rejects with its reason, and nothing is loaded", async () => {
    const { cache } = await setup(kind)
    const signal = AbortSignal.abort("why")
    const load = vi.fn(() => 1)
    await expect(cache.getOrSet("k", load, { signal })).rejects.toBe("why")
    await expect(cache.getOrSetMany(["k"], () => [load()], { signal })).rejects.toBe("why")
    await expect(cache.get("k", { signal })).rejects.toBe("why")
    await cache.set("k", 1)
    await expect(cache.getOrSet("k", load, { signal })).rejects.toBe("why")
    expect(load).not.toHaveBeenCalled()
  })

  test("a signal of an older platform, without throwIfAborted, does", async () => {
    const { cache, clock } = await setup(kind)
    const controller = new AbortController()
    const { signal } = controller
    Object.defineProperty(signal, "throwIfAborted", { value: undefined })
    const loads = cache.getOrSet("k", () => watched().promise, { signal })
    const loadsAll = cache.getOrSetMany(["l"], () => watched().promise.then((one) => [one]), { signal })
    await settled(clock)
    controller.abort("gone")
    await expect(loads).rejects.toBe("gone")
    await expect(loadsAll).rejects.toBe("gone")
    await expect(cache.getOrSet("k", () => 1, { signal })).rejects.toBe("gone")
    await expect(cache.get("k", { signal })).rejects.toBe("gone")
  })

  test.each([undefined, null, 0, "", false])(
    "a signal whose reason is %j rejects with just that, before and after",
    async (reason) => {
      const { cache, clock } = await setup(kind)
      const [controller, early] = [new AbortController(), new AbortController()]
      const both = [controller, early]
      for (const { signal } of both) Object.defineProperty(signal, "reason", { get: () => reason })
      early.abort()
      const verbs = ({ signal }: AbortController) => [
        cache.getOrSet("k", () => watched().promise, { signal }),
        cache.getOrSet("k", () => watched().promise, { signal, hardTimeout: "1m" }),
        cache.getOrSetMany(["l", "m"], () => watched().promise as never, { signal }),
      ]
      for (const one of both) {
        const calls = Promise.allSettled(verbs(one))
        await settled(clock)
        one.abort()
        await settled(clock)
        for (const outcome of await calls) expect(outcome).toEqual({ status: "rejected", reason })
      }
      const late = await cache.get("k", { signal: early.signal }).catch((error: unknown) => [error])
      expect(late).toEqual([reason])
      expect(cache.isLoading("k")).toBe(false)
    },
  )

  test("one caller's abort rejects that caller only", async () => {
    const { cache, clock } = await setup(kind)
    const { load, pass } = watched()
    const controller = new AbortController()
    const gone = cache.getOrSet("k", load, { signal: controller.signal })
    const stays = cache.getOrSet("k", load)
    await settled(clock)
    controller.abort("gone")
    await expect(gone).rejects.toBe("gone")
    pass("value")
    expect(await stays).toBe("value")
    expect(await cache.get("k")).toBe("value")
  })

  test.each(["gone", "", 0, null])(
    "each hanging load aborts when all its callers have left, in whatever order, for %j",
    async (reason) => {
      const { cache, clock } = await setup(kind, { leaseTtl: 50 })
      for (const order of [[0, 1] as const, [1, 0] as const]) {
        const states = [watched(), watched()] as const
        const controllers = [new AbortController(), new AbortController()] as const
        const calls: Promise<unknown>[] = []
        for (const at of [0, 1] as const) {
          calls.push(cache.getOrSet("k", states[at].load, { signal: controllers[at].signal }))
          await clock.advance(60)
        }
        const outcomes = Promise.allSettled(calls)
        controllers[order[0]].abort(reason)
        await settled(clock)
        expect(states[1].aborted).toBe(false)
        controllers[order[1]].abort(reason)
        await settled(clock)
        expect([states[0].aborted, states[1].aborted]).toEqual([true, true])
        for (const outcome of await outcomes) expect(outcome).toEqual({ status: "rejected", reason })
      }
    },
  )

  test("the fallback's signal aborts when the last waiting caller has gone, not before", async () => {
    const { cache, clock } = await setup(kind)
    const state = watched()
    const controllers = [1, 2, 3].map(() => new AbortController())
    const calls = controllers.map(({ signal }) => cache.getOrSet("k", state.load, { signal }))
    const outcomes = Promise.allSettled(calls)
    await settled(clock)
    for (const controller of controllers) {
      expect(state.aborted).toBe(false)
      controller.abort()
      await settled(clock)
    }
    expect(state.aborted).toBe(true)
    expect((await outcomes).map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"])
  })

  test("it has the reason of that one, asked for before or after", async () => {
    const { cache, clock } = await setup(kind)
    const why = new Error("the page was left")
    const reasons: unknown[] = []
    const watch = (signal: AbortSignal) => signal.addEventListener("abort", () => reasons.push(signal.reason))
    const { promise } = gate<string[]>()
    let late: LoadContext<unknown> | undefined
    const [first, last] = [new AbortController(), new AbortController()]
    const loads = [
      (signal: AbortSignal) => cache.getOrSet("k", (context) => (watch(context.signal), promise), { signal }),
      (signal: AbortSignal) => cache.getOrSet("l", (context) => ((late = context), promise), { signal }),
      (signal: AbortSignal) =>
        cache.getOrSetMany(["m", "n"], (_, context) => (watch(context.signal), promise), { signal }),
    ]
    const calls = Promise.allSettled([first, last].flatMap(({ signal }) => loads.map((load) => load(signal))))
    await settled(clock)
    first.abort("first")
    await settled(clock)
    last.abort(why)
    await calls
    expect([...reasons, late?.signal.reason]).toEqual([why, why, why])
  })

  test("after the last one has gone the key is free, and the ended load is not stored", async () => {
    const { cache, clock } = await setup(kind)
    const load = gate()
    const controller = new AbortController()
    const gone = cache.getOrSet("k", () => load.promise, { signal: controller.signal })
    await settled(clock)
    controller.abort("gone")
    await expect(gone).rejects.toBe("gone")
    expect(cache.isLoading("k")).toBe(false)
    expect(await cache.getOrSet("k", () => "anew")).toBe("anew")
    load.pass("late")
    await settled(clock)
    expect(await cache.get("k")).toBe("anew")
  })

  test("a load that fails after all have gone is no unhandled rejection", async () => {
    const { cache, clock } = await setup(kind)
    const rejections = unheard()
    const controller = new AbortController()
    const { load } = watched()
    const gone = cache.getOrSet("k", load, { signal: controller.signal })
    await settled(clock)
    controller.abort("gone")
    await expect(gone).rejects.toBe("gone")
    await settled(clock)
    expect(await rejections()).toEqual([])
  })

  test("a background refresh has nobody to lose", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("k", "old", { ttl: 1, grace: "1h" })
    await clock.advance(1)
    const state = watched()
    const controller = new AbortController()
    const options = { softTimeout: 0, signal: controller.signal }
    expect(await cache.getOrSet("k", state.load, options)).toBe("old")
    controller.abort()
    await settled(clock)
    expect(state.aborted).toBe(false)
    state.pass("new")
    await settled(clock)
    expect(await cache.get("k")).toBe("new")
  })

  test("a caller's timeout is its own and does not count as leaving", async () => {
    const { cache, clock } = await setup(kind)
    const state = watched()
    const controller = new AbortController()
    const hasty = cache.getOrSet("k", state.load, { hardTimeout: 10 })
    const other = cache.getOrSet("k", state.load, { signal: controller.signal })
    const outcomes = Promise.allSettled([hasty, other])
    await clock.advance(10)
    controller.abort()
    await outcomes
    expect(state.aborted).toBe(false)
    state.pass("value")
    await settled(clock)
    expect(await cache.get("k")).toBe("value")
  })

  test("a caller that was served something else does not count as waiting", async () => {
    const { cache, clock } = await setup(kind)
    await cache.set("k", "old", { ttl: "1h" })
    await clock.advance(20)
    const state = watched()
    const controller = new AbortController()
    const gone = cache.getOrSet("k", state.load, { maxAge: 10, signal: controller.signal })
    await settled(clock)
    expect(await cache.getOrSet("k", state.load)).toBe("old")
    controller.abort("gone")
    await expect(gone).rejects.toBe("gone")
    expect(state.aborted).toBe(true)
  })

  test("a signal asked for after all have gone is aborted", async () => {
    const { cache, clock } = await setup(kind)
    const controller = new AbortController()
    const wait = gate()
    const seen: boolean[] = []
    const gone = cache.getOrSet(
      "k",
      async (context) => {
        await wait.promise
        seen.push(context.signal.aborted)
        return 1
      },
      { signal: controller.signal },
    )
    await settled(clock)
    controller.abort("gone")
    await expect(gone).rejects.toBe("gone")
    wait.pass("")
    await settled(clock)
    expect(seen).toEqual([true])
  })

  test("no listener stays on a caller's signal", async () => {
    const { cache, clock } = await setup(kind)
    const { signal } = new AbortController()
    const added = vi.spyOn(signal, "addEventListener")
    const removed = vi.spyOn(signal, "removeEventListener")
    const calls = [
      cache.getOrSet("k", () => clock.after(5, 1), { signal }),
      cache.getOrSet("k", 1, { signal }),
    ]
    await clock.advance(5)
    await Promise.all(calls)
    await cache.get("k", { signal })
    expect(removed.mock.calls.length).toBe(added.mock.calls.length)
  })

  test("the abort of a caller of many keys ends the load of those that nobody else waits for", async () => {
    const { cache, clock } = await setup(kind)
    const controller = new AbortController()
    let aborted = false
    const many = cache.getOrSetMany(
      ["a", "b"],
      (_, { signal }) => {
        signal.addEventListener("abort", () => (aborted = true))
        return new Promise<number[]>(() => {})
      },
      { signal: controller.signal },
    )
    await settled(clock)
    controller.abort("gone")
    await expect(many).rejects.toBe("gone")
    expect(aborted).toBe(true)
    expect(await cache.getOrSetMany(["a", "b"], () => [1, 2])).toEqual([1, 2])
  })
})

describe.each(lateKinds)("%s", (kind) => {
  test("a caller that leaves while the storage is read needs no load", async () => {
    const { cache, clock, storage } = await setup(kind)
    storage.fault = () => 20
    const load = vi.fn(() => 1)
    const controller = new AbortController()
    const gone = cache.getOrSet("k", load, { signal: controller.signal })
    await clock.advance(5)
    controller.abort("gone")
    await expect(gone).rejects.toBe("gone")
    await clock.advance(200)
    expect(load).not.toHaveBeenCalled()
  })

  test("a caller's abort ends its wait for a storage that hangs", async () => {
    const { cache, clock, storage } = await setup(kind)
    storage.fault = () => "hang"
    const controller = new AbortController()
    const calls = [
      cache.get("k", { signal: controller.signal }),
      cache.getMany(["k", "l"], { signal: controller.signal }),
      cache.getOrSet("k", () => 1, { signal: controller.signal }),
    ]
    const outcomes = Promise.allSettled(calls)
    await clock.advance(5)
    controller.abort("gone")
    for (const outcome of await outcomes)
      expect(outcome).toMatchObject({ status: "rejected", reason: "gone" })
  })
})

test("a signal has one listener, however many calls have it, and none once they are over", async () => {
  const { cache, clock } = await setup("four methods")
  const controller = new AbortController()
  const { signal } = controller
  const [added, removed] = [vi.spyOn(signal, "addEventListener"), vi.spyOn(signal, "removeEventListener")]
  const load = (i: number) => cache.getOrSet(`k${i}`, () => clock.after(10 + i, i), { signal })
  const calls = Promise.all(Array.from({ length: 100 }, (_, i) => load(i)))
  await clock.advance(9)
  expect(added.mock.calls.length - removed.mock.calls.length).toBe(1)
  await clock.advance(200)
  expect(await calls).toHaveLength(100)
  expect(removed.mock.calls).toEqual(added.mock.calls)

  const left = Array.from({ length: 3 }, (_, i) =>
    cache.getOrSet(`l${i}`, () => clock.after(10, i), { signal }),
  )
  const outcomes = Promise.allSettled(left)
  await clock.advance(5)
  controller.abort("gone")
  for (const outcome of await outcomes) expect(outcome).toMatchObject({ status: "rejected", reason: "gone" })
})
