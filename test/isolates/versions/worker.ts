// A Worker whose requests come all at once to a KV namespace that takes its time, and that counts what it is asked for.
import { type KVLike, type KVReadOptions, kv } from "../../../adapters/kv.ts"
import { CacheWrapper } from "../../../src/wrapper.ts"

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

let asked: string[] = []

function counting(inner: KVLike): KVLike {
  async function getWithMetadata(keys: string | string[], options: KVReadOptions): Promise<never> {
    asked.push(...[keys].flat())
    await sleep(100)
    // Of the one or the other kind, as it was asked for.
    return inner.getWithMetadata(keys as string, options) as Promise<never>
  }
  return {
    getWithMetadata,
    put: (...args) => inner.put(...args),
    delete: (key) => inner.delete(key),
    list: (options) => inner.list(options),
  }
}

let namespace: KVLike | undefined

export default {
  async fetch(request: Request, env: { readonly CACHE: KVLike }): Promise<Response> {
    namespace ??= counting(env.CACHE)
    const { searchParams } = new URL(request.url)
    const act = searchParams.get("act")
    if (act === "asked") {
      const before = asked
      asked = []
      return Response.json(before)
    }
    // As in another isolate: nothing is known there.
    if (act === "anew") namespace = counting(env.CACHE)
    const cache = new CacheWrapper({ adapter: kv({ binding: namespace }) })
    if (act === "anew") return Response.json((await cache.set("k", "v")) ?? null)
    if (act === "forget") {
      namespace = counting(env.CACHE)
      return Response.json(null)
    }
    const answer = cache.get("k")
    if (act !== "leave") return Response.json((await answer) ?? null)
    answer.catch(() => {})
    await sleep(10)
    return Response.json("left")
  },
}
