import type { Faults } from "../../src/testing.ts"
import type { LoadOptions } from "../../src/types.ts"
import type { Kind } from "../support/fake.ts"
import { randomOf } from "./clock.ts"

/** How a load goes. */
export interface LoadPlan {
  readonly delay: number
  readonly ends: "value" | "fails" | "throws" | "never"
  /** Tags that the fallback chooses. */
  readonly tags?: readonly string[]
}

export const verbs = {
  get: 5,
  getEntry: 1,
  getMany: 2,
  getOrSet: 12,
  getOrSetMany: 3,
  set: 4,
  setMany: 1,
  delete: 2,
  expire: 2,
  touch: 2,
  clear: 0.5,
  invalidateTags: 3,
  invalidate: 1.5,
  batch: 1,
} as const

/** One call of a verb. */
export interface Step {
  /** Virtual ms from the start. */
  readonly at: number
  readonly cache: number
  readonly verb: keyof typeof verbs
  /** In the region "r", or at the top. */
  readonly inRegion: boolean
  readonly keys: readonly string[]
  readonly options: LoadOptions<unknown>
  readonly tags: readonly string[]
  readonly mode: "hard" | "soft"
  readonly load: LoadPlan
  /** When its caller goes. */
  readonly abortAfter?: number
  /** When its request dies: see {@link withDeaths}. */
  readonly diesAfter?: number
}

/** What one schedule does. */
export interface Program {
  readonly seed: number
  readonly kind: Kind
  readonly caches: number
  /** Whether the storage fails, hangs and loses replies. */
  readonly hasFaults: boolean
  /** What `chaos` does to the storage instead, from the first to the second of these moments (virtual ms). */
  readonly weather: { readonly from: number; readonly to: number; readonly faults: Faults } | undefined
  readonly steps: readonly Step[]
  /** Whether each step is a request to a Worker. */
  readonly hasRequests?: boolean
}

export const leaseTtl = 300
export const storeTimeout = 100

/** A quarter of the programs run under `chaos`, for a while or all the time. */
function weatherOf(seed: number, span: number): Program["weather"] {
  const random = randomOf(seed ^ 0xc4a05)
  const pick = (...from: readonly number[]) => from[Math.floor(random() * from.length)] ?? 0
  if (random() >= 0.25) return undefined
  const faults = {
    seed,
    latency: pick(0, 0, 3),
    fail: pick(0, 0.1, 0.3),
    hang: pick(0, 0, 0.05),
    lose: pick(0, 0, 0.1, 0.3),
    corrupt: pick(0, 0, 0.1),
    duplicate: pick(0, 0, 0.3),
  }
  return { from: pick(0, 0, span / 3), to: pick(span / 2, 10_000), faults }
}

/** The program of a seed. */
export function programOf(seed: number): Program {
  const random = randomOf(seed)
  const pick = <T>(...from: readonly T[]): T => from[Math.floor(random() * from.length)] as T // never empty
  const chance = (share: number) => random() < share
  const kind = pick<Kind>("memory", "four methods", "all abilities", "all abilities")
  // Without `add` two processes may make a token at the same time: no law between them.
  const caches = kind === "four methods" ? 1 : pick(1, 2, 3)
  const hasOwnFaults = chance(0.4)
  const span = pick(40, 150, 600)
  const some = <T>(from: readonly T[]) => from.filter(() => chance(0.5))
  const names = Object.keys(verbs) as (keyof typeof verbs)[] // its own keys
  const total = names.reduce((sum, name) => sum + verbs[name], 0)
  const verb = () => {
    let left = random() * total
    return names.find((name) => (left -= verbs[name]) < 0) ?? "get"
  }
  const load = (): LoadPlan => ({
    delay: pick(0, 0, 1, 5, 20, 60, 350),
    ends: pick("value", "value", "value", "value", "value", "fails", "throws", "never"),
    ...(chance(0.15) && { tags: some(["t", "u"]) }),
  })
  const steps = Array.from({ length: 8 + Math.floor(random() * 25) }, (): Step => {
    const plan = load()
    const hardTimeout = plan.ends === "never" ? pick(30, 400) : pick(undefined, undefined, undefined, 30, 400)
    const options: LoadOptions<unknown> = {
      ttl: pick(10, 60, 1000, 1000),
      grace: pick(0, 0, 40, 1000),
      tags: chance(0.4) ? some(["t", "u"]) : [],
      ...(chance(0.3) && { softTimeout: pick(0, 10) }),
      ...(hardTimeout !== undefined && { hardTimeout }),
      ...(chance(0.1) && { fresh: true }),
      ...(chance(0.1) && { maxAge: pick(0, 20) }),
      ...(chance(0.1) && { early: 5 }),
    }
    return {
      at: Math.floor(random() * span),
      cache: Math.floor(random() * caches),
      verb: verb(),
      inRegion: chance(0.25),
      keys: chance(0.7) ? ["a"] : some(["a", "b"]),
      options,
      tags: chance(0.8) ? ["t"] : ["t", "u"],
      mode: chance(0.7) ? "hard" : "soft",
      load: plan,
      ...(chance(0.1) && { abortAfter: pick(0, 5, 30) }),
    }
  })
  const weather = weatherOf(seed, span)
  const hasFaults = hasOwnFaults || weather !== undefined
  return { seed, kind, caches, hasFaults, weather, steps: steps.sort((a, b) => a.at - b.at) }
}

/** The same program on Workers: each step is a request, and some of them die half-way, with all they wait for. */
export function withDeaths(program: Program): Program {
  const random = randomOf(program.seed ^ 0xdead)
  const pick = (...from: readonly number[]) => from[Math.floor(random() * from.length)] ?? 0
  const share = pick(0, 0.1, 0.3, 0.6)
  const steps = program.steps.map((step) =>
    random() < share ? { ...step, diesAfter: pick(0, 1, 5, 20, 60, 200) } : step,
  )
  return { ...program, steps, hasRequests: true }
}
