import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { memory } from "../../adapters/memory.ts"
import { sqlite } from "../../adapters/sqlite.ts"
import type { Adapter } from "../../src/adapter.ts"
import { circuitBreaker, delegate, retry, storeTimeout } from "../../src/proxies.ts"
import { chaos } from "../../src/testing.ts"
import { suite } from "../conformance/suite.ts"

const proxies: readonly (readonly [name: string, wrap: (adapter: Adapter) => Adapter])[] = [
  ["delegate", (adapter) => delegate(adapter)],
  ["retry", (adapter) => retry(adapter)],
  ["circuitBreaker", (adapter) => circuitBreaker(adapter)],
  ["storeTimeout", (adapter) => storeTimeout(adapter, "10s")],
  ["chaos without faults", (adapter) => chaos(adapter)],
  ["all of them", (adapter) => retry(circuitBreaker(storeTimeout(chaos(delegate(adapter)), "10s")))],
]

for (const [name, wrap] of proxies) {
  suite(`${name} over memory`, ["shared"], () => {
    const adapter = memory()
    return { open: () => wrap(adapter) }
  })
  suite(`${name} over sqlite`, ["shared", "persistent"], () => {
    const folder = mkdtempSync(join(tmpdir(), "isocache-proxies-"))
    return {
      open: () => wrap(sqlite({ path: join(folder, "cache.sqlite") })),
      remove: () => rmSync(folder, { recursive: true, force: true }),
    }
  })
}
