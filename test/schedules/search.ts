import { expect } from "vitest"
import { type Program, programOf } from "./program.ts"
import { runProgram, shrink } from "./run.ts"

const seed = process.env["SEED"]

/**
 * Runs `usual` schedules, and fails with the smallest part of the first that breaks a law. SEED=123 repeats one;
 * SCHEDULES=100000 runs more of them, from SEED on if that is given as well.
 *
 * @param change - What happens to each program before it runs.
 */
export async function search(usual: number, change = (program: Program): Program => program): Promise<void> {
  const isOne = seed !== undefined && process.env["SCHEDULES"] === undefined
  const count = isOne ? 1 : Number(process.env["SCHEDULES"] ?? usual)
  const first = Number(seed ?? 1)
  for (let at = first; at < first + count; at++) {
    const program = change(programOf(at))
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
}
