/**
 * The laws of an adapter as data, for any test framework or none.
 *
 * @module isocache/conformance
 */

import type { Adapter } from "./adapter.ts"
import { basics } from "./conformance/adapter-basics.ts"
import { batches } from "./conformance/adapter-batches.ts"
import { beside } from "./conformance/adapter-beside.ts"
import { keys } from "./conformance/adapter-keys.ts"
import { locks } from "./conformance/adapter-locks.ts"
import { scale } from "./conformance/adapter-scale.ts"
import { codecs } from "./conformance/codecs.ts"
import { invalidation } from "./conformance/invalidation.ts"
import { junk } from "./conformance/junk.ts"
import { type ConformanceCase, ofRuntime } from "./conformance/law.ts"
import { loads } from "./conformance/loads.ts"
import { refusals } from "./conformance/refusals.ts"
import { scope } from "./conformance/scope.ts"
import { time } from "./conformance/time.ts"
import { values } from "./conformance/values.ts"

export type { Adapter, Awaitable } from "./adapter.ts"
export type { ConformanceCase } from "./conformance/law.ts"

/**
 * The laws of an adapter as data: first those of the adapter alone, then those of a cache over it.
 *
 * They need no test framework and run in every runtime, in real time. A law holds if `run` resolves. The runner gives
 * each case an empty storage of its own, and skips what the adapter cannot do.
 *
 * @example
 * ```ts
 * import { memory } from "isocache/adapters/memory"
 * import { conformance, missing } from "isocache/conformance"
 *
 * for (const law of conformance.slice(0, 10)) {
 *   const adapter = memory()
 *   if (missing(law, adapter).length === 0) await law.run(() => adapter)
 * }
 * ```
 */
export const conformance: readonly ConformanceCase[] = [
  ...basics,
  ...keys,
  ...batches,
  ...locks,
  ...scale,
  ...beside,
  ...values,
  ...refusals,
  ...time,
  ...scope,
  ...junk,
  ...codecs,
  ...loads,
  ...invalidation,
]

/**
 * What of a case's `needs` is missing. Skip the case unless the result is empty.
 *
 * A method counts as present if `adapter` has it, "copy" unless its `copy` is "none", "own" if it is "own",
 * "compression" and "encryption" if this runtime has them (a page with an insecure origin has no encryption). For other
 * needs, the runner must state the `facts`.
 *
 * @param facts - "shared": handles opened one after the other see each other's writes at once. "persistent": data
 * outlives its handle. "forgets": nothing is stored, so that only the cases with `always` apply. Default none.
 *
 * @example
 * ```ts
 * import { memory } from "isocache/adapters/memory"
 * import { conformance, missing } from "isocache/conformance"
 *
 * const left = conformance.filter((law) => missing(law, memory()).includes("lock"))
 * ```
 */
export function missing(law: ConformanceCase, adapter: Adapter, facts: readonly string[] = []): string[] {
  const needs = law.needs?.split(" ") ?? []
  const lacking = needs.filter((need) => {
    if (need === "copy") return adapter.copy === "none"
    if (need === "own") return adapter.copy !== "own"
    const isThere = ofRuntime[need]
    if (isThere) return !isThere()
    return !facts.includes(need) && Reflect.get(adapter, need) === undefined
  })
  return law.always !== true && facts.includes("forgets") ? ["keeps", ...lacking] : lacking
}
