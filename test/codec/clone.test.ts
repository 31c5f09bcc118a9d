import { runInNewContext } from "node:vm"
import { expect, test } from "vitest"
import { cloneValue, copyAgain, copyIn, copyTree } from "../../src/codec/clone.ts"
import { copyOut } from "./copy-out.ts"
import { picture } from "./picture.ts"
import { leaves, refused, shapes, simplified, sparse } from "./values.ts"

test.for(Object.entries({ ...leaves, ...shapes }))("%s is copied whole", ([, make]) => {
  const value = make()
  const copied = copyIn(value)
  expect(picture(copied.value)).toBe(picture(make()))
  expect(picture(value)).toBe(picture(make()))
  expect(picture(copyOut(copied))).toBe(picture(make()))
  expect(picture(copyAgain(copied.value))).toBe(picture(make()))
})

test.for(Object.entries(leaves))("%s is copied whole next to anything", ([, make]) => {
  const beside = () => ({
    list: sparse(4, { 0: undefined, 1: make(), 3: make() }),
    map: new Map([[make(), make()]]),
    set: new Set([make()]),
    when: new Date(0),
  })
  const copied = copyIn(beside())
  expect(picture(copied.value)).toBe(picture(beside()))
  expect(picture(copyOut(copied))).toBe(picture(beside()))
})

test.for(Object.entries(simplified))("%s", ([, make]) => {
  const [from, to] = make()
  expect(picture(cloneValue(from))).toBe(picture(to))
})

test.for(refused.map(([make, ...says]) => [says.join(" "), make, ...says] as const))(
  "refused: %s",
  ([, make, path, what]) => {
    const error = thrown(() => cloneValue(make(), undefined, "k"))
    expect(error).toMatchObject({ name: "CacheError", code: "VALUE_UNSUPPORTED", key: "k" })
    expect(error).toHaveProperty(
      "message",
      expect.stringContaining(`${path}${what.endsWith("deep") ? "" : " "}`),
    )
    expect(error).toHaveProperty("message", expect.stringContaining(what))
    expect(error).toHaveProperty("message", expect.not.stringContaining("hunter2"))
  },
)

test("a list keeps its elements and holes but none of its names, however long it is", () => {
  for (const length of [3, 3000]) {
    const list = Object.assign(sparse(length, { 1: { a: 1 } }), { "": 1, "01": 2, name: 3, "-1": 4 })
    expect(picture(cloneValue(list))).toBe(picture(sparse(length, { 1: { a: 1 } })))
  }
})

test("a view of shared memory becomes one of its own", () => {
  const memory = new SharedArrayBuffer(4)
  for (const view of [new DataView(memory, 1, 2), new Uint8Array(memory, 1, 2)]) {
    const copy = cloneValue(view) as typeof view
    expect(Object.prototype.toString.call(copy.buffer)).toBe("[object ArrayBuffer]")
    expect([copy.byteLength, copy.buffer.byteLength]).toEqual([2, 2])
  }
})

test("no object of a copy is one of the original's", () => {
  const original = Object.values({ ...leaves, ...shapes }).map((make) => make())
  const before = reach(original)
  for (const one of reach(cloneValue(original))) expect(before.has(one)).toBe(false)
})

test.each([
  ["of another realm", runInNewContext("[1, [2], , 3]")],
  ["with a slice of its own", Object.assign(holed(), { slice: () => ["else"] })],
  ["with a hidden constructor", hiding("constructor", { [Symbol.species]: class Else extends Array {} })],
  ["with no constructor", hiding("constructor", undefined)],
  ["that is not to be spread", hiding(Symbol.isConcatSpreadable, false)],
])("the copy of an array %s is an ordinary one", (_, source) => {
  const copy = cloneValue(source)
  expect(Object.getPrototypeOf(copy)).toBe(Array.prototype)
  expect(Object.getPrototypeOf(Reflect.get(Object(copy), 1))).toBe(Array.prototype)
  expect(Reflect.ownKeys(Object(copy))).toEqual(["0", "1", "3", "length"])
  expect(copy).toEqual(holed())
})

test("nothing is polluted by a key called __proto__", () => {
  const copy: any = cloneValue(JSON.parse('{"__proto__":{"polluted":1},"a":{"__proto__":null}}'))
  expect(Object.keys(copy)).toEqual(["__proto__", "a"])
  expect(copy.polluted).toBeUndefined()
  expect(Object.getPrototypeOf(copy)).toBe(Object.prototype)
  expect(Object.getPrototypeOf(copy.a)).toBe(Object.prototype)
})

test("members of a polluted Object.prototype are nobody's own", () => {
  Object.assign(Object.prototype, { polluted: { by: "someone" } })
  try {
    expect(Object.keys(cloneValue({ a: { b: 1 } }) as object)).toEqual(["a"])
    expect(Object.keys(copyTree({ a: { b: 1 } }))).toEqual(["a"])
  } finally {
    Reflect.deleteProperty(Object.prototype, "polluted")
  }
})

test("the copy of an error tells nothing of where it was made", () => {
  expect((cloneValue(new TypeError("m")) as Error).stack).toBe("TypeError: m")
})

test("only what structured clone may lose is odd", () => {
  const odd = Object.entries({ ...leaves, ...shapes }).filter(([, make]) => copyIn(make()).odd)
  expect(odd.map(([name]) => name)).toEqual([
    "URL",
    "Error",
    "an Error with a cause",
    "an Error with a name and members",
    "an Error with a hidden name",
    "an Error whose message and name are members, and no texts",
    "keys that lead to prototypes",
    "the same with a Date",
    "a cycle through everything",
    "an Error within an Error",
  ])
})

test("an error of a class with members of its own is kept", () => {
  class Coded extends Error {
    readonly number = 5
    override toString() {
      return `Coded ${this.number.toFixed()}`
    }
  }
  const made = cloneValue(new Coded("x"), (instance) => instance instanceof Coded)
  expect(made).toMatchObject({ message: "x", number: 5 })
  expect(Object.getOwnPropertyDescriptor(made, "stack")).toMatchObject({ enumerable: false })
})

function thrown(act: () => unknown): unknown {
  try {
    return act()
  } catch (error) {
    return error
  }
}

/** All objects within `value`. */
function reach(value: unknown, met: Set<object> = new Set()): Set<object> {
  if (typeof value !== "object" || value === null || met.has(value)) return met
  met.add(value)
  const parts =
    value instanceof Map ? [...value].flat() : value instanceof Set ? [...value] : Object.values(value)
  for (const part of parts) reach(part, met)
  return met
}

test("a long list is copied whole, with its holes", () => {
  const list: unknown[] = Array.from({ length: 1_000_100 }, (_, i) => i)
  list[5] = { a: 1 }
  delete list[7]
  const copy = cloneValue(list) as unknown[]
  expect(copy).toHaveLength(list.length)
  expect([copy[4], copy[5], 7 in copy, copy[1_000_099]]).toEqual([4, { a: 1 }, false, 1_000_099])
  expect(copy[5]).not.toBe(list[5])
})

function hiding(name: PropertyKey, value: unknown): object {
  return Object.defineProperty(holed(), name, { value })
}

function holed(): unknown[] {
  return sparse(4, { 0: 1, 1: [2], 3: 3 })
}
