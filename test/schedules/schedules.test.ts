import { expect, test } from "vitest"
import { programOf } from "./program.ts"
import { runProgram, shrink } from "./run.ts"

// SEED=123 repeats one schedule; SCHEDULES=100000 runs more of them, from SEED on if that is given as well.
const seed = process.env["SEED"]
const isOne = seed !== undefined && process.env["SCHEDULES"] === undefined
const count = isOne ? 1 : Number(process.env["SCHEDULES"] ?? 10_000)
const first = Number(seed ?? 1)
const last = first + count - 1

test(`no law is broken in any of ${count} schedules of verbs, loads, delays, faults and chaos`, {
  timeout: 3_600_000,
}, async () => {
  for (let at = first; at <= last; at++) {
    const program = programOf(at)
    const { broken } = await runProgram(program)
    if (broken.length === 0) continue
    const least = await shrink(program)
    const outcome = await runProgram(least)
    const { steps: _, ...world } = least
    const told = [
      `SEED=${at} ${JSON.stringify(world)}`,
      ...(outcome.broken.length > 0 ? outcome.broken : broken),
      "",
      ...outcome.trace,
    ]
    expect.fail(told.join("\n"))
  }
})
