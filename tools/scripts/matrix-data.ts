// What a run of the laws says (reports/matrix.json), and what is claimed of them (docs/matrix.json).
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { Cell } from "../../test/conformance/cells.ts"
import { root } from "./run.ts"

/** The adapters of the matrix, in its order. */
export const aliases = ["memory", "indexeddb", "kv", "upstash", "sqlite", "none"] as const
export type Alias = (typeof aliases)[number]

/** The runtimes of the matrix, in its order, as they are called in it. */
export const titles: Readonly<Record<string, string>> = {
  "node 20": "Node 20",
  "node 22": "Node 22",
  "node 24": "Node 24",
  "node 26": "Node 26",
  deno: "Deno",
  bun: "Bun",
  workerd: "workerd",
  chromium: "Chromium",
  firefox: "Firefox",
  webkit: "WebKit",
  "webkit-private": "WebKit, private",
}

/** Where the storages exist that do not exist everywhere. */
const homes: Readonly<Partial<Record<string, readonly string[]>>> = {
  indexeddb: ["chromium", "firefox", "webkit", "webkit-private"],
  kv: ["workerd"],
  sqlite: ["node 22", "node 24", "node 26", "deno", "bun"],
}

/** Whether the storage of `adapter` is to be had in `runtime`. */
export function exists(adapter: string, runtime: string): boolean {
  return homes[adapter]?.includes(runtime) ?? true
}

/** A run: what each runtime said of each adapter. */
export interface Run {
  readonly at: string
  readonly runtimes: Record<string, { readonly version: string; readonly cells: readonly Cell[] }>
}

export const runFile: string = join(root, "reports/matrix.json")

/** The last run; `undefined` where there was none. */
export function lastRun(): Run | undefined {
  return existsSync(runFile) ? JSON.parse(readFileSync(runFile, "utf8")) : undefined
}

/** A field of the matrix: how many cases passed, and how many do not apply, by what the adapter lacks. */
export type Field =
  | { readonly passed: number; readonly left?: Readonly<Record<string, number>>; readonly failed?: number }
  | "absent"
  | "not run"

/** The matrix: of adapters and what they can, and of what passed where. */
export interface Matrix {
  /** How many cases the suite has. */
  readonly cases: number
  readonly adapters: Readonly<Partial<Record<Alias, Abilities>>>
  readonly runtimes: Readonly<Record<string, Readonly<Record<Alias, Field>>>>
}

export interface Abilities {
  readonly medium: string
  /** What it has in every runtime it ran in. */
  readonly abilities: readonly string[]
}

export const matrixFile: string = join(root, "docs/matrix.json")

/** What is claimed. */
export function claims(): Matrix {
  return JSON.parse(readFileSync(matrixFile, "utf8"))
}

/** What `run` says, field by field: one of which it says nothing did not run. */
export function matrixOf(run: Run): Matrix {
  const runtimes: Record<string, Record<Alias, Field>> = {}
  for (const runtime of Object.keys(titles)) {
    const cells = run.runtimes[runtime]?.cells ?? []
    const fields = aliases.map((alias) => [alias, fieldOf(cells.find(({ adapter }) => adapter === alias))])
    runtimes[runtime] = Object.fromEntries(fields)
  }
  const all = Object.values(run.runtimes).flatMap(({ cells }) => cells)
  const ran = all.filter(({ absent }) => absent === undefined)
  const adapters = aliases.flatMap((alias) => {
    const own = ran.filter(({ adapter }) => adapter === alias)
    const [first] = own
    if (first === undefined) return []
    const abilities = first.abilities.filter((name) => own.every((cell) => cell.abilities.includes(name)))
    return [[alias, { medium: first.medium, abilities }]]
  })
  return { cases: Math.max(0, ...ran.map(sizeOf)), adapters: Object.fromEntries(adapters), runtimes }
}

function fieldOf(cell: Cell | undefined): Field {
  if (cell === undefined) return "not run"
  if (cell.absent !== undefined) return "absent"
  const { passed, failed } = cell
  const left = Object.entries(cell.left).sort(([one], [other]) => (one < other ? -1 : 1))
  return {
    passed,
    ...(failed.length > 0 ? { failed: failed.length } : {}),
    ...(left.length > 0 ? { left: Object.fromEntries(left) } : {}),
  }
}

function sizeOf({ passed, failed, left }: Cell): number {
  return Object.values(left).reduce((sum, count) => sum + count, passed + failed.length)
}
