// The laws on a memory tier before the storages that are far away: KV's double and a real Redis. (Local KV alone is in
// test/adapters; by Miniflare's proxy all of them take minutes.)
import { kv } from "../../adapters/kv.ts"
import { memory } from "../../adapters/memory.ts"
import { tiered } from "../../src/tiers.ts"
import { suite } from "../conformance/suite.ts"
import { withRedis } from "../redis/setup.ts"
import { kvDouble } from "../support/kv-double.ts"

suite("memory over kv on a double", ["persistent"], () => {
  const { kv: binding } = kvDouble()
  return { open: () => tiered({ near: memory(), far: kv({ binding }) }) }
})

suite("memory over kv on a slow double with small pages", ["persistent"], () => {
  const { kv: binding } = kvDouble({ latency: () => Math.random(), pageSize: 3, missing: "object" })
  return { open: () => tiered({ near: memory(), far: kv({ binding }) }) }
})

withRedis("conformance", (setup) => {
  suite("memory over upstash", ["persistent"], () => ({
    open: () => tiered({ near: memory(), far: setup.open() }),
  }))
  suite("a few in memory over upstash", ["persistent"], () => ({
    open: () => tiered({ near: memory({ maxEntries: 5 }), far: setup.open() }),
  }))
})
