import { inspect } from "node:util"
import { expect, onTestFinished, test, vi } from "vitest"
import { memory } from "../../adapters/memory.ts"
import { CacheWrapper } from "../../src/core.ts"
import { type BusMessage, tiered, upstashBus } from "../../src/tiers.ts"
import { withRedis } from "../redis/setup.ts"

const message = (key: string): BusMessage => ({ isocache: 1, origin: "x", keys: [key], prefixes: [] })

withRedis("a bus by Redis", (setup) => {
  const options = () => ({ url: setup.front.url, token: setup.front.token, channel: `c${Math.random()}` })

  /** Publishes until `is` holds: a subscription takes a moment. */
  async function until(publish: () => void, is: () => boolean): Promise<void> {
    const isHeard = () => {
      if (!is()) publish()
      return is()
    }
    await expect.poll(isHeard, { timeout: 5000, interval: 20 }).toBe(true)
  }

  test("what one publishes the other receives, and nothing after the close", async () => {
    const own = options()
    const [one, two] = [upstashBus(own), upstashBus(own)]
    const heard: string[] = []
    two.subscribe(({ keys }) => heard.push(...keys))
    await until(
      () => one.publish(message('k "\n€')),
      () => heard.includes('k "\n€'),
    )
    await two.close?.()
    heard.length = 0
    one.publish(message("late"))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(heard).toEqual([])
  })

  test("a set in one process is seen by the near tier of another", async () => {
    const own = options()
    const buses = [upstashBus(own), upstashBus(own)]
    const [one, two] = buses.map((bus) => {
      return new CacheWrapper({ adapter: tiered({ near: memory(), far: setup.open(), bus, maxAge: "1h" }) })
    })
    await one?.set("k", 1)
    expect(await two?.get("k")).toBe(1)
    let value = 1
    // The subscription may begin after the first sets.
    for (let left = 100; left > 0; left--) {
      await one?.set("k", ++value)
      await new Promise((resolve) => setTimeout(resolve, 20))
      if ((await two?.get("k")) === value) break
    }
    expect(await two?.get("k")).toBe(value)
    for (const bus of buses) await bus.close?.()
  })

  test("junk on the channel, and a database that is away, harm nobody", async () => {
    const own = options()
    const bus = upstashBus(own)
    const heard: unknown[] = []
    bus.subscribe((one) => heard.push(one))
    await until(
      () => bus.publish(message("ready")),
      () => heard.length > 0,
    )
    heard.length = 0
    for (const junk of ["", "junk", "{}", "[1]", '{"isocache":2}'])
      await setup.redis("PUBLISH", own.channel, junk)
    await until(
      () => bus.publish(message("k")),
      () => heard.length > 0,
    )
    expect(heard).toContainEqual(message("k"))
    expect(heard.every((one) => (one as BusMessage).isocache === 1)).toBe(true)
    await bus.close?.()

    const trouble: Error[] = []
    const dead = upstashBus({
      url: "http://127.0.0.1:9",
      token: "s3cret",
      onTrouble: (error) => trouble.push(error as Error),
    })
    const stop = dead.subscribe(() => {})
    dead.publish(message("k"))
    await expect.poll(() => trouble.length, { timeout: 5000 }).toBeGreaterThan(1)
    for (const error of trouble) {
      expect(error).toMatchObject({ name: "CacheError", code: "ADAPTER_UNAVAILABLE" })
      expect(error.message).toContain("Upstash at 127.0.0.1:9")
      expect(inspect(error)).not.toContain("s3cret")
    }
    stop()
  })

  test("a refusal of the server is reported without the message it refused", async () => {
    const trouble: unknown[] = []
    const bus = upstashBus({ ...options(), token: "wrong", onTrouble: (error) => trouble.push(error) })
    bus.publish(message("s3cret"))
    await expect.poll(() => trouble.length, { timeout: 5000 }).toBe(1)
    expect(trouble[0]).toMatchObject({ name: "CacheError", code: "ADAPTER_UNAVAILABLE" })
    expect(inspect(trouble[0])).toMatch(/refused the token/)
    expect(inspect(trouble[0])).not.toContain("s3cret")
  })
})

/** A client whose channel is this realm. */
function client() {
  const calls: string[] = []
  const listeners = new Set<(event: unknown) => void>()
  return {
    calls,
    async publish(_: string, text: string) {
      calls.push("publish")
      for (const listener of listeners) listener({ message: text })
    },
    subscribe() {
      calls.push("subscribe")
      return {
        on(type: string, listener: (event: unknown) => void) {
          if (type === "message") listeners.add(listener)
        },
        async unsubscribe() {
          calls.push("unsubscribe")
        },
      }
    },
  }
}
const moment = () => new Promise((resolve) => setTimeout(resolve, 20))

test("once closed it neither receives nor sends, nor opens its channel again", async () => {
  const redis = client()
  const bus = upstashBus({ client: redis })
  const heard: unknown[] = []
  bus.subscribe((one) => heard.push(one))
  bus.publish(message("k"))
  await moment()
  expect(heard).toEqual([message("k")])
  await bus.close?.()
  bus.publish(message("late"))
  const stop = bus.subscribe((one) => heard.push(one))
  await redis.publish("isocache", JSON.stringify(message("theirs")))
  await moment()
  stop()
  expect(heard).toEqual([message("k")])
  expect(redis.calls).toEqual(["subscribe", "publish", "unsubscribe", "publish"])
})

test("a channel that could not be loaded is listened to once it can be", async () => {
  vi.doMock("../../adapters/upstash/channel.ts", () => {
    throw new Error("offline")
  })
  onTestFinished(() => void vi.doUnmock("../../adapters/upstash/channel.ts"))
  const trouble: unknown[] = []
  const bus = upstashBus({ client: client(), onTrouble: (error) => trouble.push(error) })
  const heard: unknown[] = []
  bus.subscribe((one) => heard.push(one))
  await moment()
  expect(trouble).toHaveLength(1)
  vi.doUnmock("../../adapters/upstash/channel.ts")
  bus.publish(message("a"))
  await moment()
  bus.publish(message("b"))
  await moment()
  expect(heard).toContainEqual(message("b"))
})

test("options that make no sense are refused at the call", () => {
  const refused = expect.objectContaining({ code: "ADAPTER_OPTIONS" })
  // @ts-expect-error no such option
  expect(() => upstashBus({ chanel: "c" })).toThrow(refused)
  expect(() => upstashBus({ channel: "" })).toThrow(refused)
  // @ts-expect-error it can neither publish nor subscribe
  expect(() => upstashBus({ client: {} })).toThrow(refused)
})
