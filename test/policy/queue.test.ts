import { expect, test } from "vitest"
import { laneOf } from "../../src/policy/lane.ts"
import { WriteQueue } from "../../src/policy/queue.ts"
import { held } from "../support/garbage.ts"
import { gate } from "../support/setup.ts"

test("writes that overlap without end keep none of those that are over", async () => {
  const queue = new WriteQueue(laneOf(undefined), {
    guard: (work) => work(),
    busy: { begin: () => () => {} },
  })
  const seen: WeakRef<object>[] = []
  const write = (done = new Promise<void>((resolve) => setImmediate(resolve))) => {
    const work = () => done
    seen.push(new WeakRef(work))
    return queue.ordered(["k"], 1000, (run) => run(work))
  }
  let last = write()
  for (let left = 50; left > 0; left--) {
    // The next one begins before the last one has ended.
    const next = write()
    await last
    last = next
  }
  const { promise, pass } = gate()
  const standing = write(promise.then(() => {}))
  await last
  expect(await held(seen)).toBeLessThan(5)
  pass("done")
  await standing
})
