import { Redis } from "@upstash/redis"
import { expect, test } from "vitest"
import { withRedis } from "./setup.ts"

withRedis("the REST front speaks as Upstash does", (setup) => {
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(setup.front.url + path, { headers: { authorization: `Bearer ${setup.front.token}` }, ...init })
  const post = (path: string, body: unknown) =>
    ask(path, { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body) })
  const client = () => new Redis({ url: setup.front.url, token: setup.front.token, enableTelemetry: false })

  test("one command answers its result, a failed one 400 and the words of Redis", async () => {
    const set = await post("/", ["SET", "k", "bar"])
    expect([set.status, await set.json()]).toEqual([200, { result: "OK" }])
    const get = await post("/", ["GET"])
    expect([get.status, await get.json()]).toEqual([
      400,
      { error: "ERR wrong number of arguments for 'get' command" },
    ])
    expect(get.headers.get("upstash-sync-token")).toBeTruthy()
  })

  test("a pipeline answers 200 and keeps each error in its place", async () => {
    const answer = await post("/pipeline", [
      ["SET", "k", "text"],
      ["INCR", "k"],
      ["GET", "k"],
    ])
    expect([answer.status, await answer.json()]).toEqual([
      200,
      [{ result: "OK" }, { error: "ERR value is not an integer or out of range" }, { result: "text" }],
    ])
  })

  test("multi-exec runs alone, and discards a transaction that cannot be", async () => {
    const done = await post("/multi-exec", [
      ["SET", "n", 1],
      ["INCRBY", "n", 4],
    ])
    expect(await done.json()).toEqual([{ result: "OK" }, { result: 5 }])
    const bad = await post("/multi-exec", [
      ["SET", "n"],
      ["GET", "n"],
    ])
    expect([bad.status, await bad.json()]).toEqual([
      400,
      { error: "EXECABORT Transaction discarded because of previous errors." },
    ])
    expect(await Promise.all([client().multi().set("m", 1).incr("m").exec(), client().get("n")])).toEqual([
      ["OK", 2],
      5,
    ])
  })

  test("a wrong or missing token is 401 on every path", async () => {
    for (const path of ["/", "/pipeline", "/multi-exec", "/get/k", "/subscribe/c"]) {
      for (const headers of [{}, { authorization: "Bearer wrong" }, { authorization: setup.front.token }]) {
        const answer = await ask(path, { method: "POST", body: "[]", headers })
        expect([path, answer.status, await answer.json()]).toEqual([
          path,
          401,
          { error: "WRONGPASS invalid or missing auth token" },
        ])
      }
    }
  })

  test("paths are commands, a body is the last argument, the token may stand in the query", async () => {
    expect(await (await ask("/set/p%2Fk/v?EX=100")).json()).toEqual({ result: "OK" })
    expect(await setup.redis("TTL", "p/k")).toBe(100)
    await ask("/set/q", { method: "POST", body: "by body" })
    const get = await fetch(`${setup.front.url}/get/q?_token=${setup.front.token}`)
    expect(await get.json()).toEqual({ result: "by body" })
  })

  test("other methods are 405, what is no command is 400", async () => {
    for (const method of ["DELETE", "PATCH"]) expect((await ask("/", { method })).status).toBe(405)
    for (const body of ["{", "{}", "[]", "[[]]", '["GET",null]', '["GET",{}]']) {
      expect([body, (await post("/", body)).status]).toEqual([body, 400])
    }
  })

  test("base64 encodes all strings but OK and errors", async () => {
    const headers = { authorization: `Bearer ${setup.front.token}`, "upstash-encoding": "base64" }
    const body = JSON.stringify([
      ["SET", "k", "bar"],
      ["GET", "k"],
      ["MGET", "k", "none"],
      ["PING"],
      ["INCR", "k"],
    ])
    const answer = await ask("/pipeline", { method: "POST", headers, body })
    expect(await answer.json()).toEqual([
      { result: "OK" },
      { result: "YmFy" },
      { result: ["YmFy", null] },
      { result: "UE9ORw==" },
      { error: "ERR value is not an integer or out of range" },
    ])
  })

  test("keys over 32 kB and bodies over 10 MB are refused", async () => {
    const long = await post("/pipeline", [
      ["GET", "k".repeat(32_769)],
      ["GET", "k".repeat(32_768)],
    ])
    expect(await long.json()).toEqual([
      { error: "ERR max key size exceeded. Limit: 32768 bytes, Actual: 32769 bytes" },
      { result: null },
    ])
    const large = await post("/", ["SET", "k", "v".repeat(10_000_000)])
    expect([large.status, (await large.json()).error]).toEqual([
      400,
      expect.stringMatching(/max request size/),
    ])
  })

  test("a read-only token reads, and may neither write nor scan nor run scripts", async () => {
    const headers = { authorization: `Bearer ${setup.front.readOnlyToken}` }
    const body = JSON.stringify([
      ["GET", "k"],
      ["SET", "k", "v"],
      ["SCAN", "0"],
      ["EVAL", "return 1", "0"],
    ])
    const answer = await (await ask("/pipeline", { method: "POST", headers, body })).json()
    expect(answer.map((item: object) => Object.keys(item)[0])).toEqual(["result", "error", "error", "error"])
    expect(answer[3].error).toBe("NOPERM this user has no permissions to run the 'eval' command")
  })

  test("a subscription receives what is published", async () => {
    const redis = client()
    const subscription = redis.subscribe("channel")
    const heard = new Promise((resolve) => subscription.on("message", resolve))
    await new Promise((resolve) => subscription.on("subscribe", resolve))
    await redis.publish("channel", { a: "1,2" })
    expect(await heard).toEqual({ channel: "channel", message: { a: "1,2" } })
    const patterns = redis.psubscribe("ch*")
    const matched = new Promise((resolve) => patterns.on("pmessage", resolve))
    await new Promise((resolve) => patterns.on("psubscribe", resolve))
    await redis.publish("chat", "7")
    expect(await matched).toEqual({ pattern: "ch*", channel: "chat", message: 7 })
    await subscription.unsubscribe()
    await patterns.unsubscribe()
  })
})
