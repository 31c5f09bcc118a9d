import { Redis } from "@upstash/redis"
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest"
import { type UpstashAdapter, upstash } from "../../adapters/upstash.ts"
import type { Fault } from "../support/upstash-rest.ts"
import { collect, failure, withRedis } from "./setup.ts"

withRedis("upstash in trouble", (setup) => {
  const secret = "the secret value"

  /** Everything an error carries, causes included, as one text. */
  const told = (error: unknown): string =>
    error instanceof Error
      ? `${error.name} ${error.message} ${error.stack} ${told(error.cause)}`
      : String(error)

  /** Until a command of this name has run. */
  const sent = (verb: string) =>
    expect
      .poll(() => setup.front.stats.log.flatMap(({ commands }) => commands.map(([name]) => name)), {
        timeout: 5_000,
      })
      .toContain(verb)

  const table: { name: string; fault: Fault; says: RegExp; cause: string }[] = [
    {
      name: "429 in JSON",
      fault: { kind: "error", status: 429, error: "ERR max requests limit exceeded. Limit: 5, Usage: 6." },
      says: /plan \(ERR max requests limit exceeded\)/,
      cause: "ERR max requests limit exceeded",
    },
    {
      name: "500 in JSON",
      fault: { kind: "error", status: 500, error: `boom with '${secret}'` },
      says: /answered with an error/,
      cause: "UpstashError",
    },
    {
      name: "500 in words of Redis that quote the command",
      fault: { kind: "error", status: 500, error: `ERR unknown command 'set', with args '${secret}'` },
      says: /ERR unknown command\)/,
      cause: "ERR unknown command",
    },
    {
      name: "502 of a proxy",
      fault: { kind: "not-json" },
      says: /not JSON/,
      cause: "UpstashJSONParseError",
    },
    {
      name: "a used-up quota",
      fault: { kind: "quota" },
      says: /Raise the plan/,
      cause: "ERR max daily request limit exceeded",
    },
    {
      name: "connections cut three times",
      fault: { kind: "reset-before" },
      says: /could not be reached \(TypeError, (ECONNRESET|UND_ERR_SOCKET)\)/,
      cause: "TypeError",
    },
  ]

  for (const { name, fault, says, cause } of table) {
    test(`${name}: each verb rejects with the cure, and tells neither value nor token`, async () => {
      const cache = setup.open()
      const verbs: Record<string, () => Promise<unknown>> = {
        get: () => cache.get("k"),
        getMany: () => cache.getMany(["k", "l"]),
        set: () => cache.set("k", secret, 60_000),
        setMany: () => cache.setMany([["k", secret, 60_000]]),
        add: () => cache.add("k", secret, 60_000),
        delete: () => cache.delete("k"),
        deleteMany: () => cache.deleteMany(["k"]),
        lock: () => cache.lock("k", 60_000),
        open: () => cache.open(),
        clear: () => cache.clear(""),
        keys: () => collect(cache.keys("")),
      }
      for (const [verb, run] of Object.entries(verbs)) {
        setup.front.reset()
        setup.front.fail(fault, verb === "lock" ? 2 : 3)
        const error = await failure(run())
        expect([verb, error.code]).toEqual([verb, "ADAPTER_UNAVAILABLE"])
        expect(error.message).toMatch(says)
        expect(error.message).toMatch(/^Upstash at 127\.0\.0\.1:\d+ /)
        expect((error.cause as Error).message).toContain(cause)
        expect(told(error)).not.toContain(secret)
        expect(told(error)).not.toContain(setup.front.token)
        if (verb === "lock") await sent("eval") // it is given back behind the error
      }
      setup.front.reset()
      await cache.set("k", "well again", 60_000)
      expect(await cache.get("k")).toBe("well again")
    })
  }

  test("a wrong token says to check the token, and never prints it", async () => {
    const cache = upstash({ url: setup.front.url, token: "wrong-and-secret" })
    for (const run of [
      () => cache.open(),
      () => cache.set("k", secret, 1),
      () => cache.get("k"),
      () => cache.clear(""),
    ]) {
      const error = await failure(run())
      expect(error).toMatchObject({ code: "ADAPTER_UNAVAILABLE" })
      expect(error.message).toMatch(/refused the token.*UPSTASH_REDIS_REST_TOKEN/)
      expect(told(error)).not.toMatch(/wrong-and-secret|the secret value/)
    }
    expect(await failure(cache.lock("k", 1_000))).toMatchObject({ code: "ADAPTER_UNAVAILABLE" })
    expect(setup.front.stats.commands).toBe(0)
    expect(setup.front.stats.requests).toBe(5)
  })

  test("a right token opens with one request", async () => {
    await setup.open().open()
    expect(setup.front.stats.requests).toBe(1)
  })

  test("a read-only token reads, and says what it may not", async () => {
    await setup.open().set("k", "r", 60_000)
    const cache = upstash({ url: setup.front.url, token: setup.front.readOnlyToken })
    const [read, write] = await Promise.all([cache.get("k"), failure(cache.set("k", secret, 60_000))])
    expect(read).toBe("r")
    expect(write.message).toMatch(/NOPERM.*standard token/)
    expect(told(write)).not.toContain(secret)
    for (const run of [() => cache.clear(""), () => collect(cache.keys("")), () => cache.lock("k", 1_000)]) {
      expect(await failure(run())).toMatchObject({
        code: "ADAPTER_UNAVAILABLE",
        message: expect.stringMatching(/NOPERM/),
      })
    }
  })

  test("a lease that may not be released says so, and ends by itself", async () => {
    const client = new Redis({ url: setup.front.url, token: setup.front.token })
    const cache = upstash({ client })
    const lease = await cache.lock("k", 40)
    await setup.redis("ACL", "SETUSER", "default", "-eval")
    const error = await failure(Promise.resolve(lease?.release()))
    await setup.redis("ACL", "SETUSER", "default", "+eval")
    expect(error).toMatchObject({ code: "ADAPTER_UNAVAILABLE", message: expect.stringMatching(/NOPERM/) })
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(await cache.lock("k", 1_000)).toBeDefined()
  })

  test("the error of one command is its own", async () => {
    const cache = setup.open()
    await setup.redis("ACL", "SETUSER", "default", "-del")
    const [set, gone, get] = await Promise.allSettled([
      cache.set("k", "r", 60_000),
      cache.delete("k"),
      cache.get("k"),
    ])
    await setup.redis("ACL", "SETUSER", "default", "+del")
    expect([set.status, gone.status, get]).toEqual([
      "fulfilled",
      "rejected",
      { status: "fulfilled", value: "r" },
    ])
    expect(setup.front.stats.requests).toBe(1)
  })

  test("one lost connection is no failure", async () => {
    const cache = setup.open()
    for (const kind of ["reset-before", "reset-after"] as const) {
      setup.front.fail({ kind })
      await cache.set("k", kind, 60_000)
      setup.front.fail({ kind })
      expect(await cache.get("k")).toBe(kind)
    }
  })

  test("an HTTP error is not sent again", async () => {
    setup.front.fail({ kind: "error", status: 500, error: "x" }, 3)
    await failure(setup.open().get("k"))
    expect(setup.front.stats.requests).toBe(1)
  })

  for (const style of ["our own client", "an injected client with its retries"] as const) {
    const open = () =>
      style === "our own client"
        ? setup.open()
        : upstash({
            client: new Redis({
              url: setup.front.url,
              token: setup.front.token,
              retry: { retries: 2, backoff: () => 5 },
            }),
          })

    test(`a lease whose reply was lost is ours all the same, by ${style}`, async () => {
      const cache = open()
      setup.front.fail({ kind: "reset-after" })
      const lease = await cache.lock("k", 60_000)
      expect(lease).toBeDefined()
      expect(await cache.lock("k", 60_000)).toBeUndefined()
      await lease?.release()
      expect(await setup.redis("DBSIZE")).toBe(0)
    })

    test(`a lease of another is not ours when a reply was lost, by ${style}`, async () => {
      const lease = await open().lock("k", 60_000)
      setup.front.fail({ kind: "reset-after" })
      expect(await open().lock("k", 60_000)).toBeUndefined()
      setup.front.fail({ kind: "reset-after" })
      await lease?.release()
      expect(await setup.redis("DBSIZE")).toBe(0)
    })

    test(`an add whose reply was lost knows its own record, by ${style}`, async () => {
      const cache = open()
      setup.front.fail({ kind: "reset-after" })
      expect(await cache.add("k", "same", 60_000)).toBe(true)
      setup.front.fail({ kind: "reset-after" })
      expect(await open().add("k", "same", 60_000)).toBe(false)
    })
  }

  test("a lease is asked for twice at most, then given back", async () => {
    setup.front.fail({ kind: "reset-before" }, 2)
    expect(await failure(setup.open().lock("k", 1_000))).toMatchObject({ code: "ADAPTER_UNAVAILABLE" })
    await sent("eval")
    expect(setup.front.stats.requests).toBe(3)
    expect(setup.front.stats.commands).toBe(1)
  })

  test("a lease of which both replies were lost is free again at once, and its caller waits for none of it", async () => {
    const cache = setup.open()
    setup.front.fail({ kind: "reset-after" }, 2)
    setup.front.fail({ kind: "latency", ms: 100 })
    expect(await failure(cache.lock("k", 60_000))).toMatchObject({ code: "ADAPTER_UNAVAILABLE" })
    expect(await setup.redis("DBSIZE")).toBe(1)
    await expect.poll(() => setup.redis("DBSIZE"), { timeout: 5_000 }).toBe(0)
    expect(await setup.open().lock("k", 60_000)).toBeDefined()
  })

  test("a lease whose reply was lost is given back when the second is an error", async () => {
    setup.front.fail({ kind: "reset-after" })
    setup.front.fail({ kind: "quota" })
    expect(await failure(setup.open().lock("k", 60_000))).toMatchObject({ code: "ADAPTER_UNAVAILABLE" })
    await expect.poll(() => setup.redis("DBSIZE"), { timeout: 5_000 }).toBe(0)
  })

  test("giving back a lease that was lost on the way leaves that of another alone", async () => {
    expect(await setup.open().lock("k", 60_000)).toBeDefined()
    setup.front.fail({ kind: "reset-after" }, 2)
    await failure(setup.open().lock("k", 60_000))
    await sent("eval")
    expect(await setup.open().lock("k", 60_000)).toBeUndefined()
  })

  test("what shares a request with a lease is still sent again", async () => {
    const cache = setup.open()
    setup.front.fail({ kind: "reset-before" })
    const [lease, set] = await Promise.allSettled([cache.lock("k", 60_000), cache.set("k", "r", 60_000)])
    expect([lease.status, set.status]).toEqual(["fulfilled", "fulfilled"])
    expect(lease.status === "fulfilled" && lease.value).toBeDefined()
    expect(await cache.get("k")).toBe("r")
  })

  test("a version token is never sent twice, for it would undo what others have invalidated since", async () => {
    const cache = setup.open()
    for (const kind of ["reset-before", "reset-after"] as const) {
      setup.front.reset()
      setup.front.fail({ kind })
      const [token, entry] = await Promise.allSettled([
        cache.set("#hprices", kind, Infinity),
        cache.set("k", kind, 60_000),
      ])
      expect([token.status, entry.status]).toEqual(["rejected", "fulfilled"])
      const keys = setup.front.stats.log.map(({ commands }) => commands.map(([, key]) => key))
      expect(keys.at(-1)).toEqual(["isocache:k"])
    }
    setup.front.fail({ kind: "reset-after" })
    expect(await failure(cache.setMany([["#hprices", "later", Infinity]]))).toMatchObject({
      code: "ADAPTER_UNAVAILABLE",
    })
    setup.front.fail({ kind: "reset-after" })
    expect(await cache.add("#hnew", "first", Infinity)).toBe(true)
  })

  test("a write whose reply is lost slowly is not sent again: its caller knows that it failed, and others may have written", async () => {
    const send = globalThis.fetch
    const slowly = vi.spyOn(globalThis, "fetch")
    onTestFinished(() => slowly.mockRestore())
    const verbs: ((cache: UpstashAdapter) => Promise<unknown>)[] = [
      (cache) => cache.get("k"),
      (cache) => cache.set("k", "r", 60_000),
      (cache) => cache.setMany([["l", "r", 60_000]]),
      (cache) => cache.delete("m"),
      (cache) => cache.add("n", "r", 60_000),
    ]
    const outcomes = verbs.map((run) => {
      slowly.mockImplementationOnce(async (...request) => {
        await send(...request)
        await new Promise((resolve) => setTimeout(resolve, 1_050))
        throw new TypeError("fetch failed")
      })
      return run(setup.open()).then(
        () => "kept",
        ({ code }) => code,
      )
    })
    const lost = "ADAPTER_UNAVAILABLE"
    expect(await Promise.all(outcomes)).toEqual(["kept", lost, lost, lost, "kept"])
    const names = setup.front.stats.log.flatMap(({ commands }) => commands.map(([name]) => name))
    // What only reads goes again: it tells, too, whose an added record is.
    expect(names.sort().join(" ")).toBe("del mget mget mget mget set set set")
  })

  test("one lost connection stops neither clear nor keys", async () => {
    const cache = setup.open()
    await cache.setMany(Array.from({ length: 3_000 }, (_, i) => [`p:${i}`, "r", 60_000]))
    for (const kind of ["reset-before", "reset-after"] as const) {
      setup.front.fail({ kind }, 2)
      expect(await collect(cache.keys("p:"))).toHaveLength(3_000)
    }
    setup.front.fail({ kind: "latency", ms: 0 })
    setup.front.fail({ kind: "reset-after" })
    await cache.clear("p:")
    expect(await setup.redis("DBSIZE")).toBe(0)
  })

  test("a failed part of a long write stops it", async () => {
    setup.front.fail({ kind: "latency", ms: 0 })
    setup.front.fail({ kind: "quota" })
    const entries = Array.from({ length: 3_000 }, (_, i) => [`k${i}`, "r", 60_000] as const)
    expect(await failure(setup.open().setMany(entries))).toMatchObject({ code: "ADAPTER_UNAVAILABLE" })
    expect(setup.front.stats.requests).toBe(2)
    expect(await setup.redis("DBSIZE")).toBe(1_000)
  })

  test("nothing listens there: the host is named, and nothing else of the url", async () => {
    const cache = upstash({ url: "http://127.0.0.1:9/path-of-mine", token: "tok-of-mine" })
    const error = await failure(cache.get("k"))
    expect(error).toMatchObject({ code: "ADAPTER_UNAVAILABLE" })
    expect(error.message).toMatch(/^Upstash at 127\.0\.0\.1:9 could not be reached/)
    expect(told(error)).not.toMatch(/tok-of-mine|path-of-mine/)
  })

  test("a static signal of an injected client that fired is an error, never a miss", async () => {
    const client = new Redis({ url: setup.front.url, token: setup.front.token, signal: AbortSignal.abort() })
    const cache = upstash({ client })
    for (const run of [() => cache.get("k"), () => cache.clear(""), () => cache.lock("k", 1)]) {
      expect(await failure(run())).toMatchObject({ code: "ADAPTER_UNAVAILABLE" })
    }
  })
})

const variables = ["UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN"]

withRedis("upstash by its options", (setup) => {
  const warn = vi.spyOn(console, "warn")
  beforeEach(() => {
    for (const name of variables) vi.stubEnv(name, undefined)
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    expect(warn).not.toHaveBeenCalled()
  })

  test("the environment is read when the first operation runs", async () => {
    const cache = upstash()
    const error = await failure(cache.open())
    expect(error).toMatchObject({ code: "ADAPTER_UNAVAILABLE" })
    expect(error.message).toMatch(
      /no url \(UPSTASH_REDIS_REST_URL\) and no token \(UPSTASH_REDIS_REST_TOKEN\)/,
    )
    vi.stubEnv("UPSTASH_REDIS_REST_URL", `${setup.front.url}\n`)
    expect((await failure(cache.get("k"))).message).toMatch(/has no token \(UPSTASH_REDIS_REST_TOKEN\)\. /)
    vi.stubEnv("UPSTASH_REDIS_REST_TOKEN", ` ${setup.front.token}`)
    await cache.set("k", "r", 60_000)
    expect(await cache.get("k")).toBe("r")
  })

  test("a url that is none is refused without being printed", async () => {
    for (const url of [
      "redis://default:pw-of-mine@h:6379",
      "https://u:pw-of-mine@h",
      "pw-of-mine",
      "ftp://pw-of-mine",
    ]) {
      const error = await failure(upstash({ url, token: "t" }).get("k"))
      expect(error).toMatchObject({
        code: "ADAPTER_UNAVAILABLE",
        message: expect.stringMatching(/https:\/\//),
      })
      expect(`${error.message} ${error.stack} ${error.cause}`).not.toContain("pw-of-mine")
    }
  })

  test("unknown and wrong options throw at once, and undefined is unset", () => {
    const wrong: [object, RegExp][] = [
      [{ urls: "x" }, /no option "urls".*url, token, client/],
      [{ url: 1 }, /url/],
      [{ token: "" }, /token/],
      [{ client: {} }, /client.*@upstash\/redis/],
      [{ client: null }, /client/],
      [{ client: new Redis({ url: setup.front.url, token: "t" }), url: "x" }, /not both/],
    ]
    for (const [options, message] of wrong) {
      expect(() => upstash(options as never)).toThrow(
        expect.objectContaining({ code: "ADAPTER_OPTIONS", message: expect.stringMatching(message) }),
      )
    }
    upstash({ url: undefined, token: undefined, client: undefined })
  })
})
