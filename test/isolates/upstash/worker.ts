// A Worker whose requests share an upstash adapter: one reads what another is writing.
import { type RedisLike, type RedisPipeline, upstash } from "../../../adapters/upstash.ts"

const stored = new Map<string, string>()

/** A Redis that takes its time for each request, by a timer of the request that asks. */
const client: RedisLike = {
  pipeline() {
    const work: (() => unknown)[] = []
    const pipeline: RedisPipeline = {
      mget: (...keys) => work.push(() => keys.map((key) => stored.get(key) ?? null)),
      set: (key, value) => work.push(() => stored.set(key, value) && "OK"),
      del: (...keys) => work.push(() => keys.filter((key) => stored.delete(key)).length),
      eval: () => work.push(() => null),
      ping: () => work.push(() => "PONG"),
      async exec() {
        await new Promise((resolve) => setTimeout(resolve, 100))
        return work.map((one) => ({ result: one() }))
      },
    }
    return pipeline
  },
  scan: async () => ["0", []],
}

const adapter = upstash({ client })

export default {
  async fetch(request: Request): Promise<Response> {
    if (request.url.endsWith("?get")) return Response.json((await adapter.get("k")) ?? null)
    if (request.url.endsWith("?leave")) {
      void adapter.get("k")
      await new Promise((resolve) => setTimeout(resolve, 10))
      return Response.json("left")
    }
    await adapter.set("k", "written", Infinity)
    return Response.json("done")
  },
}
