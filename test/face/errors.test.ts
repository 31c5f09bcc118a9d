import { inspect } from "node:util"
import { expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import {
  type Adapter,
  CacheError,
  type CacheErrorCode,
  CacheWrapper,
  type KeyLike,
  memoized,
  parseDuration,
} from "../../src/index.ts"
import { custom } from "../support/adapters.ts"
import { gate } from "../support/setup.ts"

const secret = "s3cret-t0ken"

/** How each code comes to a caller; the secret is a value, a token or a credential in every one of them. */
const ways: readonly [CacheErrorCode, () => unknown][] = [
  ["ADAPTER_UNKNOWN", () => new CacheWrapper().use("nonsense", { token: secret })],
  ["ADAPTER_OPTIONS", () => new CacheWrapper().use("upstash", { tokn: secret } as object)],
  ["ADAPTER_OPTIONS", () => new CacheWrapper().use("memory", { maxEntries: secret as never }).ready()],
  [
    "ADAPTER_UNAVAILABLE",
    () => new CacheWrapper().use("upstash", { url: `https://u:${secret}@x y`, token: secret }).ready(),
  ],
  ["ADAPTER_UNAVAILABLE", () => new CacheWrapper().use("indexeddb").ready()],
  [
    "ADAPTER_ABILITY",
    async () => {
      for await (const _ of new CacheWrapper({ adapter: custom("text") }).keys());
    },
  ],
  ["CACHE_MISS", () => new CacheWrapper().get("k", { required: true })],
  [
    "CLOSED",
    async () => {
      const cache = new CacheWrapper()
      await cache.close()
      await cache.set("k", secret)
    },
  ],
  ["FALLBACK_TIMEOUT", () => new CacheWrapper().getOrSet("k", () => gate().promise, { hardTimeout: 1 })],
  ["FALLBACK_RESULT", () => new CacheWrapper().getOrSetMany(["k"], () => secret as never)],
  ["FALLBACK_RESULT", () => new CacheWrapper().getOrSetMany(["k"], () => [secret, secret])],
  ["FALLBACK_RESULT", () => new CacheWrapper().getOrSet("k", ({ keep }) => keep())],
  [
    "FALLBACK_RESULT",
    () => {
      const validate = () => ({ issues: [{ message: `not ${secret}` }] })
      return new CacheWrapper().getOrSet("k", () => secret, {
        schema: { "~standard": { version: 1, vendor: "x", validate } },
      })
    },
  ],
  ["KEY_INVALID", () => new CacheWrapper().set([{ password: Symbol(secret) }] as never, secret)],
  ["KEY_INVALID", () => new CacheWrapper().get({ password: secret } as never)],
  ["NAME_REQUIRED", () => new CacheWrapper().memoize(() => secret)],
  ["NAME_REQUIRED", () => memoized({ instance: "shared", tags: [secret] } as never)],
  [
    "ARGUMENT_CHANGED",
    () => new CacheWrapper().memoize((list: string[]) => list.push(secret), { name: "f" })([]),
  ],
  [
    "REENTRANT",
    () => {
      const cache = new CacheWrapper()
      return cache.getOrSet("k", () => cache.getOrSet("k", secret))
    },
  ],
  [
    "REGION_CONFIGURED",
    () => {
      const cache = new CacheWrapper()
      cache.region("r", { ttl: 1 })
      cache.region("r", { encrypt: { keys: [{ id: "1", key: { passphrase: secret, salt: "x" } }] } })
    },
  ],
  ["TTL_INVALID", () => new CacheWrapper().set("k", secret, { ttl: "soon" as "1s" })],
  ["TTL_INVALID", () => parseDuration("1h30m" as "1h")],
  ["OPTION_INVALID", () => new CacheWrapper({ early: secret as never })],
  ["OPTION_INVALID", () => new CacheWrapper().get("k", { token: secret } as never)],
  ["VALUE_UNSUPPORTED", () => new CacheWrapper().set("k", { [secret]: { deep: [() => secret] } })],
  [
    "VALUE_UNSUPPORTED",
    () => new CacheWrapper({ adapter: custom("text") }).set("k", { deep: [Symbol(secret)] }),
  ],
  [
    "STORE_TIMEOUT",
    () =>
      new CacheWrapper({
        adapter: { ...memory(), set: () => new Promise<void>(() => {}) },
        storeTimeout: 5,
      }).set("k", secret),
  ],
]

test.each(ways)("%s says what to do, and no value, token or credential: %s", async (code, way) => {
  const error: unknown = await new Promise((resolve) => resolve(way())).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(CacheError)
  expect(error).toBeInstanceOf(Error)
  if (!(error instanceof CacheError)) throw error // Told above; this is for the types.
  expect(error.code).toBe(code)
  expect(error.name).toBe("CacheError")
  expect(error.message.length).toBeGreaterThan(20)
  // Names of members are the caller's own words, told as the path.
  const told =
    code === "VALUE_UNSUPPORTED"
      ? error.message.replace(`["${secret}"]`, "").replace(`.${secret}`, "")
      : inspect(error)
  expect(told.replace(error.stack ?? "", error.message)).not.toContain(secret)
})

test("tags passed as an array are refused, with the way to pass them", async () => {
  const cache = new CacheWrapper()
  for (const given of [[["a", "b"]], ["a", ["b"]], [null]]) {
    await expect(cache.invalidateTags(...(given as never[]))).rejects.toThrow("each a separate argument")
  }
})

test("what is missing is called undefined", async () => {
  const cache = new CacheWrapper()
  await expect(cache.get(undefined as never)).rejects.toThrow(/not undefined\./)
  await expect(cache.getOrSetMany(["k"], () => undefined as never)).rejects.toThrow(/returned undefined\./)
})

async function missOf(key: KeyLike): Promise<CacheError> {
  const error: unknown = await new CacheWrapper()
    .get(key, { required: true })
    .catch((reason: unknown) => reason)
  if (error instanceof CacheError) return error
  throw error
}

test("an error about a key has it whole, and a short one in its message", async () => {
  const long = "k".repeat(10_000)
  const error = await missOf(long)
  expect(error.key).toBe(long)
  expect(error.message.length).toBeLessThan(200)
  expect((await missOf(["a", 1])).key).toBe('~["a",1]')
})

test("urls in the errors of others lose their credentials, in events and in onError", async () => {
  const told: unknown[] = []
  const broken: Adapter = {
    ...memory(),
    get: () => Promise.reject(new Error(`GET redis://:${secret}@host failed`)),
  }
  const cache = new CacheWrapper({ adapter: broken, onError: (error) => told.push(error) })
  cache.on("error", ({ error }) => told.push(error))
  expect(await cache.get("a")).toBeUndefined()
  expect(told.length).toBe(2)
  for (const error of told) {
    expect(inspect(error)).not.toContain(secret)
    expect(String(error)).toContain("redis://host failed")
  }
})

test("an error has no key, no reason and no cause where there is none", () => {
  const bare = new CacheError("CLOSED", "over", { key: undefined, reason: undefined, cause: undefined })
  for (const name of ["key", "reason", "cause"]) expect(bare).not.toHaveProperty(name)
  expect(inspect(bare)).not.toContain("undefined")
  const full = new CacheError("CACHE_MISS", "nothing", { key: "k", reason: "absent", cause: bare })
  expect(full).toMatchObject({ key: "k", reason: "absent", cause: bare })
})

test("a subclass has instances of its own, which are CacheErrors too", () => {
  class Mine extends CacheError {}
  expect(new Mine("CLOSED", "over")).toBeInstanceOf(Mine)
  expect(new Mine("CLOSED", "over")).toBeInstanceOf(CacheError)
  expect(new CacheError("CLOSED", "over")).not.toBeInstanceOf(Mine)
})
