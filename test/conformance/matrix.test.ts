import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { describe as told } from "../../tools/scripts/count.ts"
import { compare } from "../../tools/scripts/matrix.ts"
import { aliases, claims, exists, type Matrix, matrixOf, type Run } from "../../tools/scripts/matrix-data.ts"
import { markdown, plain, withTable } from "../../tools/scripts/matrix-table.ts"
import type { Cell } from "./cells.ts"

const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8")

/** What a runtime has told of memory and SQLite. */
function run(changes: Partial<Cell> = {}): Run {
  const cell: Cell = {
    adapter: "memory",
    passed: 8,
    failed: [],
    left: { lock: 2 },
    medium: "object",
    abilities: ["sync", "getMany", "add"],
    seconds: 1,
    ...changes,
  }
  const absent: Cell = { ...cell, adapter: "sqlite", absent: "no SQLite", abilities: [] }
  return { at: "now", runtimes: { "node 20": { version: "20", cells: [cell, absent] } } }
}

/** What comparing comes to: the texts, and the sum of the counts. */
function verdict(claimed: Matrix, ran: Matrix, inCI: boolean) {
  const all = compare(claimed, ran, inCI)
  const sum = (name: "passed" | "failed" | "skipped") => all.reduce((n, { count }) => n + count[name], 0)
  return {
    texts: all.flatMap(({ text }) => text ?? []),
    count: told({ passed: sum("passed"), failed: sum("failed"), skipped: sum("skipped") }),
  }
}

test("the README's table is the one of docs/matrix.json", () => {
  expect(withTable(readme, claims())).toBe(readme)
})

test("what is claimed of an adapter accounts for every case, and only where its storage exists", () => {
  const matrix = claims()
  for (const [runtime, fields] of Object.entries(matrix.runtimes)) {
    for (const alias of aliases) {
      const field = fields[alias]
      const where = `${alias} in ${runtime}`
      if (field === "not run") continue
      expect(field === "absent", where).toBe(!exists(alias, runtime))
      if (field === "absent") continue
      const left = Object.values(field.left ?? {}).reduce((sum, count) => sum + count, 0)
      expect(field.passed + left, where).toBe(matrix.cases)
    }
  }
})

test("a run that is as claimed passes field by field, and what did not run is skipped", () => {
  const ran = matrixOf(run())
  expect(verdict(ran, ran, true)).toEqual({ texts: [], count: "2 passed, 0 failed, 64 skipped" })
})

test("a run with fewer cases than claimed fails, and one with more as well", () => {
  const claimed = matrixOf(run())
  for (const passed of [7, 9]) {
    const { texts, count } = verdict(claimed, matrixOf(run({ passed })), false)
    expect(count).toBe("1 passed, 1 failed, 64 skipped")
    expect(texts).toEqual([expect.stringContaining(`memory in node 20: claimed {"passed":8`)])
  }
})

test("a claimed field that did not run is reported, and fails in CI", () => {
  const nothing: Run = { at: "now", runtimes: {} }
  const claimed = matrixOf(run())
  const here = verdict(claimed, matrixOf(nothing), false)
  expect(here.count).toBe("0 passed, 0 failed, 66 skipped")
  expect(here.texts).toHaveLength(2)
  expect(verdict(claimed, matrixOf(nothing), true).count).toBe("0 passed, 2 failed, 64 skipped")
})

test("a storage that should exist and is not found is no match for its claim", () => {
  const { count } = verdict(matrixOf(run()), matrixOf(run({ absent: "gone" })), false)
  expect(count).toContain("1 failed")
})

test("an ability that was claimed and is gone fails", () => {
  const { texts } = verdict(matrixOf(run()), matrixOf(run({ abilities: ["sync"] })), false)
  expect(texts).toEqual([expect.stringContaining("memory can")])
})

test("a law that failed shows in the table", () => {
  const failed = [{ law: "a law", why: "it did not hold" }]
  expect(plain(matrixOf(run({ passed: 7, failed })))).toMatch(/^Node 20 +7, 1 FAILED/m)
})

test("no field of a table is blank: a dash where nothing exists, words where nothing ran", () => {
  const table = plain(matrixOf(run()))
  expect(table).toMatch(/^Node 20 +8 +not run +not run +not run +– +not run$/m)
  expect(table).toMatch(/^Deno( +not run){6}$/m)
  expect(table).toMatch(/^batches +get +not run/m)
  expect(table).toMatch(/^left out +2 lock/m)
  for (const line of markdown(matrixOf(run())).split("\n").slice(2)) expect(line).not.toMatch(/\| +\|/)
})

test("a README without a place for the table is refused", () => {
  expect(() => withTable("# isocache", claims())).toThrow("The README has no <!-- matrix")
})
