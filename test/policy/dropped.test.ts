import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { expect, test } from "vitest"
import type { AdapterEvent } from "../../src/adapter.ts"
import { CacheWrapper } from "../../src/core.ts"
import { fake } from "../support/fake.ts"

test("caches that are dropped over one adapter are kept by nobody, and heard no more", async () => {
  setFlagsFromString("--expose-gc")
  const collect: () => void = runInNewContext("gc")
  const listeners = new Set<(event: AdapterEvent) => void>()
  const adapter = {
    ...fake("memory").handle(),
    observe(listener: (event: AdapterEvent) => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
  for (let i = 0; i < 100; i++) await new CacheWrapper({ adapter }).set("k", i)
  expect(listeners.size).toBe(100)
  for (let i = 0; i < 10 && listeners.size > 1; i++) {
    await new Promise((resolve) => setTimeout(resolve))
    collect()
    for (const listener of listeners) listener({ type: "evict", key: "k" })
  }
  // The last one may be in a register yet.
  expect(listeners.size).toBeLessThan(5)
})
