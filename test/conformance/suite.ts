import { afterEach, describe, test } from "vitest"
import type { Adapter, Awaitable } from "../../src/adapter.ts"
import { conformance, missing } from "../../src/conformance.ts"

/** A storage to run the laws on. */
export interface Storage {
  open(): Awaitable<Adapter>
  /** Called when the case is over. */
  remove?(): Awaitable<void>
}

/**
 * Runs each law as a test of its own, on a storage of its own.
 *
 * @param facts - What the adapter cannot tell by its methods, see `missing`.
 */
export function suite(name: string, facts: readonly string[], make: () => Awaitable<Storage>): void {
  describe(name, () => {
    let storage: Storage | undefined
    afterEach(async () => {
      await storage?.remove?.()
      storage = undefined
    })
    for (const law of conformance) {
      test(law.name, { timeout: 60_000 }, async ({ skip }) => {
        const made = await make()
        storage = made
        const probe = await made.open()
        const lacking = missing(law, probe, facts)
        await probe.close?.()
        if (lacking.length > 0) skip(`needs ${lacking.join(", ")}`)
        await law.run(() => made.open())
      })
    }
  })
}
