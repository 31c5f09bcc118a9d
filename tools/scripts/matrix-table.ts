// The matrix as a table: for the README, and in plain text.
import { type Abilities, type Alias, aliases, type Field, type Matrix, titles } from "./matrix-data.ts"

type Row = readonly string[]

const none = "–"

/** Between these lines of the README stands what `npm test -- runtimes matrix --write` has put there. */
const marks = ["<!-- matrix: by `npm test -- runtimes matrix --write` -->", "<!-- /matrix -->"] as const

/** The README with the table of `matrix` in its place. Throws where it has no place for it. */
export function withTable(readme: string, matrix: Matrix): string {
  const [begin, end] = marks.map((mark) => readme.indexOf(mark))
  if (begin === undefined || end === undefined || begin < 0 || end < begin) {
    throw new Error(`The README has no ${marks.join(" … ")}`)
  }
  return `${readme.slice(0, begin + marks[0].length)}\n${markdown(matrix)}\n${readme.slice(end)}`
}

/** The matrix as Markdown. */
export function markdown(matrix: Matrix): string {
  const [head = [], ...rows] = rowsOf(matrix)
  const line = (row: Row) => `| ${row.join(" | ")} |`
  const names = head.map((name) => (name === "" ? "" : `\`${name}\``))
  return [line(names), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n")
}

/** The matrix in columns. */
export function plain(matrix: Matrix): string {
  const rows = rowsOf(matrix)
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => [...(row[column] ?? "")].length)),
  )
  const pad = (text: string, at: number) => text + " ".repeat((widths[at] ?? 0) - [...text].length)
  return rows.map((row) => row.map(pad).join("   ").trimEnd()).join("\n")
}

function rowsOf(matrix: Matrix): readonly Row[] {
  return [
    ["", ...aliases],
    ...abilityRows.map(([name, tell]) => [name, ...perAdapter(matrix, (abilities) => tell(abilities))]),
    ...Object.entries(matrix.runtimes).map(([runtime, fields]) => [
      titles[runtime] ?? runtime,
      ...aliases.map((alias) => textOf(fields[alias])),
    ]),
    ["laws in all", ...aliases.map(() => String(matrix.cases))],
    ["left out", ...aliases.map((alias) => leftOut(matrix, alias))],
  ]
}

const has =
  (name: string) =>
  ({ abilities }: Abilities): string =>
    abilities.includes(name) ? "yes" : none

const abilityRows: readonly (readonly [name: string, tell: (abilities: Abilities) => string])[] = [
  ["medium", ({ medium }) => medium],
  ["synchronous", has("sync")],
  ["batches", batches],
  ["add if absent", has("add")],
  ["lists keys", has("keys")],
  ["prunes", has("prune")],
  ["lease", has("lock")],
  ["bounded", has("bounded")],
]

function batches({ abilities }: Abilities): string {
  const verbs = ["get", "set", "delete"].filter((verb) => abilities.includes(`${verb}Many`))
  return verbs.length === 3 ? "yes" : verbs.join(", ") || none
}

function perAdapter({ adapters }: Matrix, tell: (abilities: Abilities) => string): readonly string[] {
  return aliases.map((alias) => {
    const abilities = adapters[alias]
    return abilities === undefined ? "not run" : tell(abilities)
  })
}

function textOf(field: Field): string {
  if (field === "absent") return none
  if (field === "not run") return "not run"
  return field.failed ? `${field.passed}, ${field.failed} FAILED` : String(field.passed)
}

/** What the laws that are left out need: the same in every runtime, or told one by one. */
function leftOut({ runtimes }: Matrix, alias: Alias): string {
  const texts = Object.values(runtimes).flatMap((fields) => {
    const field = fields[alias]
    if (typeof field === "string") return []
    return [
      Object.entries(field.left ?? {})
        .map(([need, count]) => `${count} ${need}`)
        .join(", "),
    ]
  })
  return [...new Set(texts)].join("; or ") || none
}
