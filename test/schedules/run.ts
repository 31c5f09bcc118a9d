// The first batch would load it, in real time.
import "../../src/batch.ts"
import { CacheError, CacheWrapper } from "../../src/core.ts"
import type { Kept } from "../../src/entry.ts"
import { chaos, type Faults } from "../../src/testing.ts"
import type { LoadContext, Region } from "../../src/types.ts"
import { fake } from "../support/fake.ts"
import {
  type Act,
  broken,
  excuse,
  fences,
  type History,
  type Load,
  type Made,
  name,
} from "../support/model.ts"
import { type Request, randomOf, requests, world } from "./clock.ts"
import { leaseTtl, type Program, type Step, storeTimeout } from "./program.ts"

interface Value {
  readonly id: number
}

class LoadError extends Error {}

/** How a schedule went. */
export interface Outcome {
  /** What no law allows. */
  readonly broken: readonly string[]
  readonly trace: readonly string[]
}

/** Runs a program in a world of its own and judges what happened. */
export async function runProgram(program: Program): Promise<Outcome> {
  const random = randomOf(program.seed ^ 0x5eed)
  const here = world(random)
  const began = Date.now()
  const trace: string[] = []
  const wrong: string[] = []
  const acts: Act[] = []
  const made = new Map<number, Made>()
  const written: { id: number; cache: number; moment: number }[] = []
  const loads: Load[] = []
  const dead = new Set<Step>()
  const hasDeaths = program.steps.some(({ diesAfter }) => diesAfter !== undefined)
  let moments = 0
  let ids = 0
  const tell = (text: string) => trace.push(`${String(Date.now() - began).padStart(5)} ms  ${text}`)
  const unheard = (reason: unknown) =>
    wrong.push(`nobody heard ${reason instanceof Error ? reason.stack : reason}`)
  const others = process.listeners("unhandledRejection")
  process.removeAllListeners("unhandledRejection")
  process.on("unhandledRejection", unheard)

  const storage = fake(program.kind, "object")
  const { weather } = program
  const hasDamage = Boolean(weather?.faults.corrupt)
  const hasLosses = hasDamage || Boolean(weather?.faults.lose)
  const isPrompt = program.kind === "memory"
  const handles = Array.from({ length: program.caches }, () => storage.handle())
  let faultAt = -Infinity
  storage.fault = (verb, key) => {
    // Under chaos nothing else disturbs the order in which operations arrive.
    if (weather) return undefined
    if (program.hasFaults && random() < 0.08) {
      faultAt = Date.now()
      const fault = (["reject", "throw", "lose", "hang"] as const)[Math.floor(random() * 4)] ?? "reject"
      tell(`    ${verb} ${key}: ${fault}`)
      return fault
    }
    return isPrompt || random() < 0.3 ? undefined : Math.floor(random() * 8)
  }
  storage.onWrite = (handle, _, record) => {
    const value = (record as Kept | null)?.value as Value | undefined // what these programs store
    if (typeof value?.id === "number")
      written.push({ id: value.id, cache: handles.indexOf(handle), moment: ++moments })
  }
  const isStormy = () => {
    const time = Date.now() - began
    const isOn = weather !== undefined && time >= weather.from && time < weather.to
    if (isOn) faultAt = Date.now() // What befalls an operation chaos does not tell.
    return isOn
  }
  const caches = handles.map((handle, at) => {
    const adapter = weather ? chaos(handle, skyOf(weather.faults, at, isStormy)) : handle
    return new CacheWrapper({ adapter, storeTimeout, leaseTtl })
  })

  function make(
    act: Act,
    key: string,
    from: Made["from"],
    step: Step,
    start: number,
    createdAt: number,
    tags?: readonly string[],
  ): Value {
    const { ttl, grace } = step.options
    const id = ++ids
    const own = tags ?? step.options.tags ?? []
    made.set(id, {
      id,
      key,
      cache: act.cache,
      from,
      start,
      end: undefined,
      tags: own,
      createdAt,
      ttl: Number(ttl),
      grace: Number(grace),
    })
    return { id }
  }

  function end(value: Value): void {
    const one = made.get(value.id)
    if (one) one.end = ++moments
  }

  /** One run of a fallback, for all the keys it was asked for. */
  async function load(
    act: Act,
    step: Step,
    keys: readonly string[],
    context: LoadContext<never>,
  ): Promise<Value[]> {
    const { delay, ends, tags } = step.load
    const start = ++moments
    const at = Date.now()
    const mine = keys.map(
      (key): Load => ({ cache: act.cache, key, act, start, at, signal: context.signal, end: undefined }),
    )
    for (const one of mine) {
      for (const other of loads) {
        if (other.key !== one.key || other.end !== undefined) continue
        // A version that was lost or damaged counts as an invalidation.
        if (hasLosses) continue
        const isHere = other.cache === act.cache
        const isLeased =
          program.kind === "all abilities" && !program.hasFaults && !hasDeaths && !step.options.fresh
        if (!isHere && !isLeased) continue
        if (excuse(acts, other, one, leaseTtl, program.kind !== "four methods") === undefined) {
          wrong.push(`${name(act)} loaded ${one.key} beside ${name(other.act)}`)
        }
      }
    }
    loads.push(...mine)
    tell(`  load of ${keys.join()} by ${name(act)}`)
    if (tags) context.tags = [...tags]
    try {
      if (ends === "throws") throw new LoadError("at once")
      if (ends === "never") await new Promise(() => {})
      if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay))
      if (ends === "fails") throw new LoadError("later")
      const values = keys.map((key) => make(act, key, "load", step, start, at, tags))
      for (const value of values) end(value)
      tell(`  load of ${keys.join()} brought ${values.map(({ id }) => id).join()}`)
      return values
    } finally {
      const over = ++moments
      for (const one of mine) one.end = over
    }
  }

  function begin(step: Step, number: number): Act {
    const prefix = step.inRegion ? "r/" : ""
    const single = ["get", "getEntry", "getOrSet", "set", "touch"].includes(step.verb)
    const keys = (single ? [step.keys[0] ?? "b"] : step.keys).map((key) => prefix + key)
    const isWide = ["clear", "invalidate"].includes(step.verb)
    const act: Act = {
      number,
      cache: step.cache,
      verb: step.verb,
      keys: isWide || step.verb === "invalidateTags" ? [] : keys,
      touches: (key) =>
        step.verb === "invalidateTags" ? true : isWide ? key.startsWith(prefix) : keys.includes(key),
      mode: step.mode,
      tags: step.verb === "invalidateTags" ? step.tags : undefined,
      isFresh: step.verb.startsWith("getOrSet") && step.options.fresh === true,
      start: ++moments,
      startAt: Date.now(),
      end: undefined,
      endAt: 0,
      ok: false,
      faulted: false,
      error: undefined,
      served: [],
    }
    acts.push(act)
    return act
  }

  async function call(step: Step, number: number): Promise<void> {
    const act = begin(step, number)
    const shared = caches[step.cache]
    if (!shared) return
    const root = program.hasRequests ? shared.bind({ waitUntil() {} }) : shared
    const cache: Region = step.inRegion ? root.region("r") : root
    tell(
      `${name(act)} ${step.verb.startsWith("getOrSet") ? JSON.stringify([step.options, step.load]) : fences.includes(step.verb) ? step.mode : ""}`,
    )
    const sets: Value[] = []
    try {
      act.served = await perform(cache, step, act, sets)
      act.ok = true
      tell(`${name(act)} got ${act.served.map(({ id }) => id ?? "nothing").join()}`)
    } catch (error) {
      act.error = error
      tell(`${name(act)} rejected: ${error instanceof Error ? error.message : String(error)}`)
    }
    act.end = ++moments
    act.endAt = Date.now()
    // Without `add` the making of a token is shared, and so is its hanging, for a second.
    act.faulted = faultAt >= act.startAt - 1000
    for (const value of sets) {
      const one = made.get(value.id)
      if (one) one.end = act.end
    }
    const isLoad = step.verb.startsWith("getOrSet")
    const isTimeout =
      act.error instanceof CacheError &&
      act.error.code === "FALLBACK_TIMEOUT" &&
      step.options.hardTimeout !== undefined
    const isExpected =
      act.ok ||
      act.error === "gone" ||
      (isLoad
        ? isTimeout || act.error instanceof LoadError
        : (act.faulted || dead.size > 0) && fences.includes(step.verb))
    if (!isExpected)
      wrong.push(
        `${name(act)} rejected with ${act.error instanceof Error ? act.error.stack : String(act.error)}`,
      )
  }

  /** As {@link call}, in a request of its own. */
  function receive(step: Step, number: number): void {
    const request: Request = { isDead: false }
    const { diesAfter } = step
    if (diesAfter !== undefined)
      setTimeout(() => {
        request.isDead = true
        dead.add(step)
        tell(`    the request of step ${number} dies`)
      }, diesAfter)
    requests.run(request, () => void call(step, number))
  }

  async function perform(cache: Region, step: Step, act: Act, sets: Value[]): Promise<Act["served"]> {
    const strip = (key: string) => key.replace("r/", "")
    const keys = act.keys.map(strip)
    const [key = "a"] = keys
    const full = (name: unknown) => (step.inRegion ? `r/${name}` : String(name))
    const { ttl, grace, tags } = step.options
    const own = { ttl, grace, tags }
    const set = (name: string) => {
      const value = make(act, full(name), "set", step, act.start, Date.now())
      sets.push(value)
      return value
    }
    const controller = step.abortAfter === undefined ? undefined : new AbortController()
    if (controller) setTimeout(() => controller.abort("gone"), step.abortAfter)
    const options = { ...step.options, ...(controller && { signal: controller.signal }) }
    const served = (values: readonly unknown[], isFresh: boolean) =>
      values.map((value, at) => ({ key: act.keys[at] ?? "", id: (value as Value | undefined)?.id, isFresh })) // all values are such
    switch (step.verb) {
      case "get":
        return served([await cache.get(key)], true)
      case "getEntry":
        return served([(await cache.getEntry(key))?.value], true)
      case "getMany":
        return served(await cache.getMany(keys), true)
      case "getOrSet": {
        const fallback = async (context: LoadContext<unknown>) =>
          (await load(act, step, [full(key)], context as LoadContext<never>))[0]
        return served([await cache.getOrSet<unknown>(key, fallback, options)], false)
      }
      case "getOrSetMany":
        return served(
          await cache.getOrSetMany<unknown>(
            keys,
            (missing, context) => load(act, step, missing.map(full), context as LoadContext<never>),
            options,
          ),
          false,
        )
      case "set":
        await cache.set(key, set(key), own)
        return []
      case "setMany":
        await cache.setMany(
          keys.map((name) => [name, set(name)] as const),
          own,
        )
        return []
      case "batch":
        await cache.batch(async (b) => {
          for (const name of keys) await b.set(name, set(name), own)
        })
        return []
      case "delete":
        await cache.delete(...keys)
        return []
      case "expire":
        await cache.expire(...keys)
        return []
      case "touch":
        await cache.touch(key)
        return []
      case "clear":
        await cache.clear()
        return []
      case "invalidate":
        await cache.invalidate({ mode: step.mode })
        return []
      case "invalidateTags":
        await cache.invalidateTags(...step.tags, { mode: step.mode })
        return []
    }
  }

  try {
    for (const [number, step] of program.steps.entries()) setTimeout(() => receive(step, number), step.at + 1)
    await here.run(1_000_000)
    for (let i = 0; i < 2; i++) await new Promise((resolve) => setImmediate(resolve))
    for (const act of acts) {
      if (act.end !== undefined) continue
      const step = program.steps[act.number]
      if (!step || !dead.has(step)) wrong.push(`${name(act)} never settled`)
    }
    if (here.waiting > 0) wrong.push(`${here.waiting} timers were left`)
    if (!hasDeaths && program.steps.every(({ load }) => load.ends !== "never")) {
      for (const [at, cache] of caches.entries()) {
        for (const key of ["a", "b"]) {
          for (const one of [cache, cache.region("r")])
            if (one.isLoading(key)) wrong.push(`cache ${at} is loading ${key} for ever`)
        }
      }
    }
    const history: History = {
      acts,
      made,
      written,
      loads,
      caches: program.caches,
      hasFaults: program.hasFaults || hasDeaths,
      hasLosses,
      hasDamage,
    }
    wrong.push(...broken(history))
  } finally {
    here.end()
    process.removeListener("unhandledRejection", unheard)
    for (const other of others) process.on("unhandledRejection", other)
  }
  return { broken: wrong, trace }
}

/** Faults for the cache `at` that are there while `isStormy`. */
function skyOf(faults: Faults, at: number, isStormy: () => boolean): Faults {
  const sky: Faults = { seed: (faults.seed ?? 0) + at }
  for (const name of ["latency", "fail", "hang", "lose", "corrupt", "duplicate"] as const) {
    Object.defineProperty(sky, name, { enumerable: true, get: () => (isStormy() ? faults[name] : 0) })
  }
  return sky
}

/** The smallest part of a failing program that still fails. */
export async function shrink(program: Program): Promise<Program> {
  let least = program
  for (let size = Math.ceil(program.steps.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < least.steps.length; ) {
      const fewer = { ...least, steps: least.steps.filter((_, i) => i < at || i >= at + size) }
      if ((await runProgram(fewer)).broken.length > 0) least = fewer
      else at += size
    }
  }
  return least
}
