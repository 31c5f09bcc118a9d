// Runs inside workerd (project "workerd"): the binding comes from wrangler.toml.
import { env } from "cloudflare:workers"
import { expect, test } from "vitest"
import { type KVLike, kv } from "../../adapters/kv.ts"
import { memory } from "../../adapters/memory.ts"
import { suite } from "../conformance/suite.ts"

const { CACHE } = env as unknown as { CACHE: KVLike } // wrangler.toml has no types here

test("this is workerd", () => {
  expect(navigator.userAgent).toBe("Cloudflare-Workers")
})

suite("memory", [], () => ({ open: () => memory() }))
// The local KV is strongly consistent; the deployed one is not.
suite("kv", ["shared", "persistent"], () => ({
  open: () => kv({ binding: CACHE }),
  remove: () => kv({ binding: CACHE }).clear(""),
}))
