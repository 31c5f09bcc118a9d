import { test } from "vitest"
import { indexeddb } from "../../adapters/indexeddb.ts"
import { basics } from "../../src/conformance/adapter-basics.ts"
import { batches } from "../../src/conformance/adapter-batches.ts"
import { keys } from "../../src/conformance/adapter-keys.ts"
import { locks } from "../../src/conformance/adapter-locks.ts"
import { scale } from "../../src/conformance/adapter-scale.ts"

let count = 0
for (const law of [...basics, ...keys, ...batches, ...locks, ...scale]) {
  test(law.name, { timeout: 30_000 }, async () => {
    const name = `conformance-${count++}-${Math.random()}`
    await law.run(() => indexeddb({ name }))
    indexedDB.deleteDatabase(name)
  })
}
