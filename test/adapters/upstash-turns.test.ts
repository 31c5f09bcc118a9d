import { expect, test } from "vitest"
import { type Turns, turns } from "../../adapters/upstash/turns.ts"
import { fakeClock } from "../support/clock.ts"
import { settled } from "../support/setup.ts"

/** Turns over a Redis that answers every request but the first. */
function afterOneThatHangs(): { readonly asked: Turns; requests(): number } {
  let count = 0
  const asked = turns((commands) => {
    count++
    return count === 1 ? new Promise(() => {}) : Promise.resolve(commands.map(() => ({ result: [] })))
  })
  return { asked, requests: () => count }
}

const nothing = { bytes: 0, add() {} }

test("a write that never ends is waited for 30 seconds, and then divides no more requests", async () => {
  const clock = fakeClock()
  const { asked, requests } = afterOneThatHangs()
  void asked.write(["lost"], () => [nothing])
  await settled(clock)
  const read = asked.read(["lost"])
  await clock.advance(29_000)
  expect(requests()).toBe(1)
  await clock.advance(1_000)
  await read
  expect(requests()).toBe(2)
  await Promise.all([asked.read(["lost"]), asked.read(["other"])])
  expect(requests()).toBe(3)
})

test("a write that never ends is waited for no longer when the clock is set back", async () => {
  const clock = fakeClock()
  const { asked, requests } = afterOneThatHangs()
  void asked.write(["lost"], () => [nothing])
  await settled(clock)
  clock.jump(Date.now() - 3_600_000)
  const read = asked.read(["lost"])
  await clock.advance(30_000)
  await read
  expect(requests()).toBe(2)
})

test("a write of more commands than a call takes arguments is carried out", async () => {
  const asked = turns((commands) => Promise.resolve(commands.map(() => ({ result: "OK" }))))
  const replies = await asked.write(["k"], () => Array.from({ length: 200_000 }, () => nothing))
  expect(replies).toHaveLength(200_000)
})

test.each(["plain", "\u0001", "\\", '"', "€", "\ud800"])(
  "a read of keys of %j is never larger in its request than it says",
  async (part) => {
    const sizes: [said: number, real: number][] = []
    const asked = turns(async (commands) =>
      commands.map(({ bytes, add }) => {
        // Only the one method is asked for.
        add({
          mget: (...keys: string[]) =>
            sizes.push([bytes, Buffer.byteLength(JSON.stringify(["mget", ...keys]))]),
        } as never)
        return { result: [] }
      }),
    )
    await asked.read(Array.from({ length: 4_000 }, (_, i) => part.repeat(100) + i))
    expect(sizes.length).toBeGreaterThan(0)
    for (const [said, real] of sizes) expect(said).toBeGreaterThanOrEqual(real)
  },
)
