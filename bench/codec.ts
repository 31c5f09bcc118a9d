// Copying and serializing beside structuredClone, JSON and superjson.   node bench/codec.ts
//
// No entry exports the copies and records as such: they are bundled from the sources as the build does it. All ways of
// one table take turns, in many short rounds; what counts is each one's first quartile, which a busy machine disturbs
// least, and its ratio to the first way's.
import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import SuperJSON from "superjson"
import { duration, table, times, wall } from "./measure.ts"

const outfile = fileURLToPath(new URL("node_modules/.cache/codec.js", import.meta.url))
await build({
  stdin: {
    contents: `
      export { cloneValue, copyIn, copyTree } from "./clone.ts"
      export { codecFor } from "./codec.ts"
      export { superjsonSerializer } from "./superjson.ts"`,
    resolveDir: fileURLToPath(new URL("../src/codec", import.meta.url)),
  },
  bundle: true,
  format: "esm",
  target: "es2022",
  packages: "external",
  outfile,
})
const { cloneValue, codecFor, copyIn, copyTree, superjsonSerializer } = await import(outfile)

const article = (at: number) => ({
  id: `id-${at}`,
  title: `The title of article ${at}`,
  body: "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod. ".repeat(3),
  views: at * 31,
  score: at / 7,
  author: { id: at, name: `Ann ${at}`, admin: false },
  tags: ["a", "b", "c"],
})
const list = (count: number) => ({
  total: count,
  items: Array.from({ length: count }, (_, at) => article(at)),
})
const rich = (count: number) => ({
  items: list(count).items.map((one) => ({ ...one, at: new Date(1.7e12), note: undefined })),
})
const plain = {
  "3 fields": { id: 1, name: "Ada", active: true },
  "1 kB": list(3),
  "16 kB": list(40),
  "100 kB": list(250),
}
const withDates = { "1 kB": rich(3), "100 kB": rich(250) }

type Ways = Readonly<Record<string, () => unknown>>
let sink: unknown

/** Nanoseconds of each way. */
function turns(ways: Ways): Map<string, number> {
  const found = new Map<string, number[]>(Object.keys(ways).map((name) => [name, []]))
  const [first = () => 0] = Object.values(ways)
  const before = performance.now()
  for (let run = 0; run < 20; run++) sink = first()
  const runs = Math.max(3, Math.ceil(0.5 / Math.max((performance.now() - before) / 20, 1e-4)))
  for (let round = 0; round < 60; round++) {
    for (const [name, way] of Object.entries(ways)) {
      const began = wall()
      for (let run = 0; run < runs; run++) sink = way()
      if (round > 9) found.get(name)?.push((wall() - began) / runs)
    }
  }
  const quartile = (all: number[]) => all.sort((one, other) => one - other)[all.length >> 2] ?? Number.NaN
  return new Map([...found].map(([name, all]) => [name, quartile(all)]))
}

/** A column for each of `values`, in which all ways are measured on it. */
function compare<V>(title: string, values: Readonly<Record<string, V>>, ways: (value: V) => Ways): void {
  const columns = Object.values(values).map((value) => turns(ways(value)))
  const cell = (found: Map<string, number>, name: string) => {
    const [base = Number.NaN] = found.values()
    return `${duration(found.get(name) ?? Number.NaN)}, ${times(found.get(name) ?? Number.NaN, base)}`
  }
  const names = [...(columns[0]?.keys() ?? [])]
  const rows = names.map((name) => [name, ...columns.map((found) => cell(found, name))])
  console.log(`${table([title, ...Object.keys(values)], rows)}\n`)
}

compare("copy", plain, (value) => {
  const shelved = copyIn(value).value
  return {
    structuredClone: () => structuredClone(value),
    "JSON and back": () => JSON.parse(JSON.stringify(value)),
    "isocache, out (a hit)": () => copyTree(shelved),
    "isocache, in (all checks)": () => cloneValue(value),
  }
})

const serializer = superjsonSerializer()
const superjson = new SuperJSON()
compare("write", plain, (value) => ({
  "JSON.stringify": () => JSON.stringify(value),
  "isocache, the default serializer": () => serializer.stringify(value),
  superjson: () => superjson.stringify(value),
}))
compare("read", plain, (value) => {
  const text = JSON.stringify(value)
  const theirs = superjson.stringify(value)
  return {
    "JSON.parse": () => JSON.parse(text),
    "isocache, the default serializer": () => serializer.parse(text),
    superjson: () => superjson.parse(theirs),
  }
})
compare("write with Dates and undefined", withDates, (value) => ({
  superjson: () => superjson.stringify(value),
  "isocache, the default serializer": () => serializer.stringify(value),
}))
compare("read with Dates and undefined", withDates, (value) => {
  const ours = serializer.stringify(value)
  const theirs = superjson.stringify(value)
  return {
    superjson: () => superjson.parse(theirs),
    "isocache, the default serializer": () => serializer.parse(ours),
  }
})

const [objects, text, bytes] = await Promise.all(
  [{ medium: "object", copy: "clone" }, { medium: "text" }, { medium: "bytes" }].map((how) => codecFor(how)),
)
const head = { format: 1, createdAt: 1, freshUntil: 2, ttl: 3, grace: 0, took: 0, tags: [], marks: [] }
compare("record of an entry", plain, (value) => {
  const entry = { ...head, value }
  const [object, line, raw] = [objects.encode("k", entry), text.encode("k", entry), bytes.encode("k", entry)]
  return {
    "JSON and back": () => JSON.parse(JSON.stringify(value)),
    "object, write": () => objects.encode("k", entry),
    "object, read": () => objects.out(objects.decode("k", object)),
    "text, write": () => text.encode("k", entry),
    "text, read": () => text.decode("k", line),
    "bytes, write": () => bytes.encode("k", entry),
    "bytes, read": () => bytes.decode("k", raw),
  }
})
void sink
