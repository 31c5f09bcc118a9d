/**
 * Copying and serializing beside structuredClone, JSON and superjson: `node bench/codec.ts`.
 *
 * All ways of one table take turns, in many short rounds; what counts is each one's first quartile, which a busy machine
 * disturbs least, and its ratio to the first way's.
 */
import SuperJSON from "superjson"
import { cloneValue, copyIn } from "../src/codec/clone.ts"
import { codecFor } from "../src/codec/codec.ts"
import { copyTree } from "../src/codec/plain.ts"
import { superjsonSerializer } from "../src/codec/superjson.ts"
import type { Kept } from "../src/entry.ts"

const small = { id: 1, name: "Ada", active: true }
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
const sizes = { "3 fields": small, "1 kB": list(3), "16 kB": list(40), "100 kB": list(250) }
const kept: Kept = {
  format: 1,
  value: 0,
  createdAt: 1,
  freshUntil: 2,
  ttl: 3,
  grace: 0,
  took: 0,
  tags: [],
  marks: [],
}

const serializer = superjsonSerializer()
const superjson = new SuperJSON()
let sink: unknown

for (const [size, value] of Object.entries(sizes)) {
  const shelved = copyIn(value).value as object
  const text = JSON.stringify(value)
  table(`copy, ${size} (${text.length} characters)`, {
    structuredClone: () => structuredClone(value),
    "JSON and back": () => JSON.parse(JSON.stringify(value)),
    "copyTree (a hit)": () => copyTree(shelved),
    "cloneValue (all checks)": () => cloneValue(value),
  })
  table(`write, ${size}`, {
    "JSON.stringify": () => JSON.stringify(value),
    "the default serializer": () => serializer.stringify(value),
    superjson: () => superjson.stringify(value),
  })
  const theirs = superjson.stringify(value)
  table(`read, ${size}`, {
    "JSON.parse": () => JSON.parse(text),
    "the default serializer": () => serializer.parse(text),
    superjson: () => superjson.parse(theirs),
  })
}

for (const count of [3, 250]) {
  const value = rich(count)
  const ours = serializer.stringify(value)
  const theirs = superjson.stringify(value)
  table(`write with Dates and undefined, ${count} articles`, {
    superjson: () => superjson.stringify(value),
    "the default serializer": () => serializer.stringify(value),
  })
  table(`read with Dates and undefined, ${ours.length} characters beside ${theirs.length}`, {
    superjson: () => superjson.parse(theirs),
    "the default serializer": () => serializer.parse(ours),
  })
}

const objects = await codecFor({ medium: "object", copy: "clone" })
const text = await codecFor({ medium: "text" })
const bytes = await codecFor({ medium: "bytes" })
for (const [size, value] of Object.entries(sizes)) {
  const entry = { ...kept, value }
  const [object, line, raw] = [objects.encode("k", entry), text.encode("k", entry), bytes.encode("k", entry)]
  table(`record, ${size}`, {
    "JSON and back": () => JSON.parse(JSON.stringify(value)),
    "object, write": () => objects.encode("k", entry),
    "object, read": () => objects.out(objects.decode("k", object) as Kept),
    "text, write": () => text.encode("k", entry),
    "text, read": () => text.decode("k", line),
    "bytes, write": () => bytes.encode("k", entry),
    "bytes, read": () => bytes.decode("k", raw),
  })
}

const sealed = await codecFor(
  { medium: "bytes" },
  { encrypt: { keys: [{ id: "k", key: new Uint8Array(32) }] } },
)
const entry = { ...kept, value: list(3) }
for (let round = 0; round < 200; round++) await sealed.decode("k", await sealed.encode("k", entry))
const start = performance.now()
for (let round = 0; round < 500; round++) await sealed.decode("k", await sealed.encode("k", entry))
console.log(`\nencrypt and decrypt 1 kB: ${((performance.now() - start) * 2).toFixed(1)} µs`)

/** Prints each way's time and the ratio to the first way. */
function table(title: string, ways: Readonly<Record<string, () => unknown>>): void {
  const times = new Map<string, number[]>(Object.keys(ways).map((name) => [name, []]))
  const [first = () => 0] = Object.values(ways)
  const before = performance.now()
  for (let run = 0; run < 20; run++) sink = first()
  const runs = Math.max(3, Math.ceil(0.5 / Math.max((performance.now() - before) / 20, 1e-4)))
  for (let round = 0; round < 80; round++) {
    for (const [name, way] of Object.entries(ways)) {
      const began = performance.now()
      for (let run = 0; run < runs; run++) sink = way()
      if (round > 9) times.get(name)?.push(((performance.now() - began) / runs) * 1e3)
    }
  }
  console.log(`\n${title}`)
  let base = 0
  for (const [name, all] of times) {
    const quartile = all.sort((one, other) => one - other)[all.length >> 2] ?? 0
    base ||= quartile
    console.log(
      `  ${name.padEnd(26)} ${quartile.toFixed(2).padStart(10)} µs  ${(quartile / base).toFixed(2).padStart(6)} ×`,
    )
  }
}
void sink
