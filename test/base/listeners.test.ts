import { expect, test } from "vitest"
import { Listeners } from "../../src/base/listeners.ts"

test("a listener that throws, or rejects, keeps no other from hearing", async () => {
  const listeners = new Listeners<number>()
  const heard: number[] = []
  listeners.add(() => {
    throw new Error("no")
  })
  listeners.add(async () => {
    throw new Error("later")
  })
  listeners.add((told) => heard.push(told))
  listeners.tell(1)
  await undefined
  expect(heard).toEqual([1])
})

test("the same function may listen twice, and stops as often", () => {
  const listeners = new Listeners<number>()
  const heard: number[] = []
  const listener = (told: number) => heard.push(told)
  const [stop, other] = [listeners.add(listener), listeners.add(listener)]
  listeners.tell(1)
  expect([stop(), stop(), listeners.size]).toEqual([true, false, 1])
  listeners.tell(2)
  other()
  listeners.tell(3)
  expect(heard).toEqual([1, 1, 2])
})
