import { inspect } from "node:util"
import { expect, onTestFinished, test } from "vitest"
import { channelOf, type RedisSubscription } from "../../adapters/upstash/channel.ts"
import { fakeClock } from "../support/clock.ts"

const minute = 60_000

/** What becomes of a subscription that is asked for. */
type Fate = "works" | "fails" | "hangs"

/** A subscriber of a channel whose subscriptions fare as told, in their order; further ones work. */
async function setup(...fates: Fate[]) {
  const secret = new Error('nope, command was: ["subscribe","s3cret"]')

  const clock = fakeClock()
  const asked: (RedisSubscription & { say(type: string, event?: unknown): void })[] = []
  const open = new Set<number>()
  const trouble: unknown[] = []
  const heard: unknown[] = []
  const client = {
    publish: () => Promise.reject(secret),
    subscribe() {
      const id = asked.length
      const fate = fates[id] ?? "works"
      const listeners = new Map<string, (event: unknown) => void>()
      const subscription = {
        on: (type: string, listener: (event: unknown) => void) => void listeners.set(type, listener),
        unsubscribe: async () => void open.delete(id),
        say: (type: string, event?: unknown) => listeners.get(type)?.(event),
      }
      asked.push(subscription)
      if (fate !== "fails") open.add(id)
      setTimeout(() => {
        if (fate === "works") subscription.say("subscribe", 1)
        if (fate === "fails") subscription.say("error", secret)
      }, 10)
      return subscription
    },
  }
  const channel = channelOf({ client, name: "c" })
  const stop = channel.subscribe(
    (message) => heard.push(message),
    (error) => trouble.push(error),
  )
  onTestFinished(stop)
  await clock.advance(10)
  return { clock, channel, asked, open, trouble, heard, stop }
}

test("a subscription is renewed each minute, and then the old one ends", async () => {
  const { clock, asked, open, heard } = await setup()
  expect([...open]).toEqual([0])
  await clock.advance(minute)
  expect([...open]).toEqual([0, 1])
  asked[0]?.say("message", { message: "to the old one" })
  await clock.advance(10)
  expect([...open]).toEqual([1])
  asked[1]?.say("message", { message: "to the new one" })
  expect(heard).toEqual(["to the old one", "to the new one"])
})

test("a renewal that fails is reported and retried; the previous stream serves until then, and no longer", async () => {
  const { clock, asked, open, trouble, heard, stop } = await setup("works", "fails", "fails")
  await clock.advance(minute + 10)
  expect(trouble).toHaveLength(1)
  asked[0]?.say("message", { message: "still" })
  expect(heard).toEqual(["still"])
  await clock.advance(1_000 + 2_000 + 20)
  expect(trouble).toHaveLength(2)
  expect([...open]).toEqual([3])
  stop()
  expect([...open]).toEqual([])
  await clock.advance(10 * minute)
  expect(asked).toHaveLength(4)
})

test("a renewal that hangs is not the last one, and ends with the next", async () => {
  const { clock, asked, open, heard } = await setup("works", "hangs", "hangs")
  await clock.advance(3 * minute + 20)
  expect(asked).toHaveLength(4)
  expect([...open]).toEqual([3])
  // Too late: what it says ends nobody.
  asked[1]?.say("subscribe", 1)
  asked[3]?.say("message", { message: "here" })
  expect([...open]).toEqual([3])
  expect(heard).toEqual(["here"])
})

test("what is stopped in the middle of a renewal leaves nothing open", async () => {
  const { clock, open, stop } = await setup("works", "hangs")
  await clock.advance(minute)
  expect([...open]).toEqual([0, 1])
  stop()
  expect([...open]).toEqual([])
})

test("errors are of this library, and hold nothing of what was sent", async () => {
  const { channel, clock, trouble } = await setup("works", "fails")
  await clock.advance(minute + 10)
  trouble.push(await channel.publish("s3cret").catch((error) => error))
  expect(trouble).toHaveLength(2)
  for (const error of trouble) {
    expect(error).toMatchObject({ name: "CacheError", code: "ADAPTER_UNAVAILABLE" })
    expect(inspect(error)).not.toContain("s3cret")
  }
})
