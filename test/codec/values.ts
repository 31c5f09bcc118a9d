import { runInNewContext } from "node:vm"

/** Every kind of value that all storages keep, made anew at each call. */
export const leaves: Readonly<Record<string, () => unknown>> = {
  text: () => "text",
  "an empty text": () => "",
  "a lone surrogate": () => "\ud800",
  number: () => 1.5,
  zero: () => 0,
  true: () => true,
  false: () => false,
  null: () => null,
  undefined: () => undefined,
  NaN: () => Number.NaN,
  Infinity: () => Infinity,
  "-Infinity": () => -Infinity,
  "-0": () => -0,
  bigint: () => -(2n ** 70n),
  Date: () => new Date("2026-01-02T03:04:05.678Z"),
  "a Date before the common era": () => new Date(-1e14),
  "an invalid Date": () => new Date(Number.NaN),
  RegExp: () => /a\/[/]\n"(?<x>b)/giu,
  "an empty RegExp": () => /(?:)/,
  URL: () => new URL("https://user@example.org:8443/a%20b?q=1#h"),
  Error: () => new Error("message"),
  "an Error with a cause": () =>
    new TypeError("message", { cause: new RangeError("", { cause: undefined }) }),
  "an Error with a name and members": () =>
    Object.assign(new Error("m"), { name: "Custom", code: 5, at: new Date(0) }),
  "an Error with a hidden name": () => Object.defineProperty(new Error("m"), "name", { value: "Hidden" }),
  "an Error whose message and name are members, and no texts": () =>
    Object.assign(new Error("m"), { message: 10n, name: { at: new Date(0) } }),
  ArrayBuffer: () => new Uint8Array([0, 128, 255]).buffer,
  DataView: () => new DataView(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2),
  Uint8Array: () => new Uint8Array([0, 1, 255]),
  "a part of a buffer": () => new Uint16Array(new Uint8Array([9, 9, 1, 0, 2, 0, 9, 9]).buffer, 2, 2),
  Uint8ClampedArray: () => new Uint8ClampedArray([0, 255]),
  Int8Array: () => new Int8Array([-128, 127]),
  Int16Array: () => new Int16Array([-32768]),
  Uint32Array: () => new Uint32Array([4294967295]),
  Int32Array: () => new Int32Array([-2147483648]),
  Float32Array: () => new Float32Array([0.5, -0, Number.NaN]),
  Float64Array: () => new Float64Array([Number.NaN, -0, Infinity, 5e-324]),
  BigInt64Array: () => new BigInt64Array([-(2n ** 63n)]),
  BigUint64Array: () => new BigUint64Array([2n ** 64n - 1n]),
  Float16Array: () => {
    const make: unknown = Reflect.get(globalThis, "Float16Array")
    return typeof make === "function" ? Reflect.construct(make, [[0.5, -0]]) : new Float32Array(1)
  },
  "an empty object": () => ({}),
  "an empty array": () => [],
  "an empty Map": () => new Map(),
  "an empty Set": () => new Set(),
}

/** Values whose difficulty lies in how they hang together. */
export const shapes: Readonly<Record<string, () => unknown>> = {
  "plain JSON": () => ({ a: [1, "b", { c: null }], d: { e: [true, []] } }),
  "undefined in an object and an array": () => ({ a: undefined, b: [undefined, 1] }),
  holes: () => sparse(4, { 0: 1, 2: sparse(2, { 1: 2 }) }),
  "a huge array with one element": () => sparse(4_000_000_001, { 4000000000: { a: 1 } }),
  "keys of all sorts": () => ({
    "": 1,
    "a.b": new Date(0),
    "a\\.b": [undefined],
    0: 1n,
    json: 1,
    meta: 2,
    ...JSON.parse('{"then":3}'),
  }),
  "keys that lead to prototypes": () =>
    own(
      "__proto__",
      { polluted: true },
      { constructor: { prototype: { polluted: 1 } }, prototype: 1, toString: 2 },
    ),
  "the same with a Date": () =>
    own("__proto__", { polluted: new Date(0) }, { constructor: 1n, prototype: undefined }),
  "objects that look like marks": () => ({
    a: { $: 0 },
    b: { $: ["@", 0] },
    c: { $: undefined },
    d: [{ $: { $: 1n } }],
  }),
  "what looks like a record": () => [
    "~[[0],[null],{}]",
    "i100000000p--[]\n1",
    { json: 1, meta: { values: ["Date"] } },
  ],
  "a shared object": () => {
    const shared = { n: 1 }
    return { a: shared, b: [shared, shared], c: new Map([[shared, shared]]), d: new Set([shared]) }
  },
  "a shared Date, bytes and array": () => {
    const when = new Date(1)
    const bytes = new Uint8Array(2)
    const list = [when, bytes]
    return [when, bytes, list, list, { when, bytes }]
  },
  "a shared array with holes": () => {
    const list = sparse(2, { 1: new Date(0) })
    return { list, again: list }
  },
  "a cycle through an object": () => {
    const self: Record<string, unknown> = { n: 1 }
    self["self"] = self
    self["list"] = [self, { up: self }]
    return self
  },
  "a cycle through everything": () => {
    const list: unknown[] = []
    const map = new Map<unknown, unknown>()
    const set = new Set<unknown>([map])
    const error = new Error("e", { cause: list })
    const odd = own("__proto__", list, { $: map })
    map.set(map, set).set("list", list).set(list, error)
    set.add(set).add(odd)
    list.push(list, map, error, odd, list)
    list.length = 7
    return list
  },
  "Map and Set in their order": () => [
    new Map<unknown, unknown>([
      [new Date(2), 1],
      ["b", undefined],
      [Number.NaN, new Map([[undefined, new Set([0, null])]])],
      [1n, [new Date(1)]],
    ]),
    new Set<unknown>([[3], "1", 1, new Set(), new Date(0), undefined]),
  ],
  "an Error within an Error": () => ({
    e: new Error("a", { cause: { e: new SyntaxError("b", { cause: 1n }) } }),
  }),
  "999 levels": () => {
    let value: unknown = [new Date(0)]
    for (let level = 2; level < 999; level++) value = level % 2 ? [value] : { value }
    return value
  },
}

/** What comes back as something simpler, and as what. */
export const simplified: Readonly<Record<string, () => readonly [from: unknown, to: unknown]>> = {
  "a getter becomes its value": () => [
    {
      get a() {
        return { b: 1 }
      },
    },
    { a: { b: 1 } },
  ],
  "a Buffer becomes a Uint8Array": () => [[Buffer.from("hi")], [new Uint8Array([104, 105])]],
  "an object without prototype becomes an ordinary one": () => [
    Object.assign(Object.create(null), { a: Object.create(null) }),
    { a: {} },
  ],
  "an object of a class that is none, as parsers make them, becomes an ordinary one": () => [
    Object.assign(Object.create(Object.freeze(Object.create(null))), { a: 1 }),
    { a: 1 },
  ],
  "a hidden toJSON has no say": () => [hide("toJSON", () => "else", { a: 1 }), { a: 1 }],
  "a hidden toJSON within has no say": () => [
    [{ b: hide("toJSON", () => "else", { a: 1 }) }],
    [{ b: { a: 1 } }],
  ],
  "a toJSON of an array has no say": () => [[Object.assign([1], { toJSON: () => "else" })], [[1]]],
  "a name of an Error becomes a text": () => [
    hide("name", { at: 1 }, new Error("m")),
    hide("name", "[object Object]", new Error("m")),
  ],
  "a message of an Error becomes a text": () => [
    hide("message", 10n, hide("name", 7n, new Error("m"))),
    hide("name", "7", new Error("10")),
  ],
  "another realm's objects become this one's": () => [
    runInNewContext(
      "({ list: [1, { d: new Date(5) }], map: new Map([[1, new Set([2])]]), e: new TypeError('x') })",
    ),
    { list: [1, { d: new Date(5) }], map: new Map([[1, new Set([2])]]), e: new TypeError("x") },
  ],
}

class User {
  readonly secret = "hunter2"
}

class List extends Array {}
class Bytes extends ArrayBuffer {}
class Users extends Map {}
class Names extends Set {}
class Day extends Date {}
class Octets extends Uint8Array {}
const Misnamed = { TypeError: class {} }.TypeError

/** What is refused: what it is, where the fault lies, and what the message says of it. */
export const refused: readonly (readonly [make: () => unknown, path: string, what: string])[] = [
  [() => () => "hunter2", "value", "is a function"],
  [() => Symbol("hunter2"), "value", "is a symbol"],
  [() => Promise.resolve("hunter2"), "value", "is a promise"],
  [() => new User(), "value", "is an instance of User"],
  [() => ({ items: [1, 2, 3, { onClick() {} }] }), "value.items[3].onClick", "is a function"],
  [() => ({ then() {} }), "value.then", "is a function"],
  [() => [undefined, new Date(0), { a: new User() }], "value[2].a", "is an instance of User"],
  [() => ({ "a b": { 7: [Symbol("hunter2")] } }), 'value["a b"][7][0]', "is a symbol"],
  [() => new Map([[1, { user: new User() }]]), "value.values()[0].user", "is an instance of User"],
  [() => new Map([[new User(), 1]]), "value.keys()[0]", "is an instance of User"],
  [() => ({ s: new Set([1, [() => 1]]) }), "value.s.values()[1][0]", "is a function"],
  [() => new Error("e", { cause: new User() }), "value.cause", "is an instance of User"],
  [() => Object.assign(new Error("e"), { retry() {} }), "value.retry", "is a function"],
  [() => ({ a: { [Symbol("hunter2")]: 1 } }), "value.a", "has a symbol for a key"],
  [() => own("__proto__", new User(), {}), "value.__proto__", "is an instance of User"],
  [() => new List(), "value", "is an instance of List"],
  [() => new Bytes(1), "value", "is an instance of Bytes"],
  [() => [new Users()], "value[0]", "is an instance of Users"],
  [() => [new Names()], "value[0]", "is an instance of Names"],
  [() => [new Day(0)], "value[0]", "is an instance of Day"],
  [() => [new Octets(1)], "value[0]", "is an instance of Octets"],
  [() => new Misnamed(), "value", "is an instance of TypeError"],
  [() => new (class extends Error {})(), "value", "is an instance of a class without a name"],
  [() => new WeakMap(), "value", "is an instance of WeakMap"],
  [() => [new Blob(["hunter2"])], "value[0]", "is an instance of Blob"],
  [() => [new Request("https://example.org")], "value[0]", "is an instance of Request"],
  [() => ({ response: new Response("hunter2") }), "value.response", "is an instance of Response"],
  [() => new Headers(), "value", "is an instance of Headers"],
  [() => new URLSearchParams("a=hunter2"), "value", "is an instance of URLSearchParams"],
  [() => Object(1), "value", "is an instance of Number"],
  [() => Object.create({ a: 1 }), "value", "is an instance of Object"],
  [() => throwing(), "value.a", "cannot be read"],
  [() => revoked(), "value", "cannot be read"],
  [() => [revoked()], "value[0]", "cannot be read"],
  [() => detached(), "value", "cannot be read"],
  [() => deep(20_000), "value.d.d.d", "is nested too deep"],
  [() => deep(1000, new Date(0)), "value.d.d.d", "is nested too deep"],
]

function throwing(): unknown {
  return {
    a: {
      get b() {
        throw new Error("hunter2")
      },
    },
  }
}

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

function detached(): unknown {
  const view = new DataView(new ArrayBuffer(8), 2)
  structuredClone(view.buffer, { transfer: [view.buffer] })
  return view
}

function deep(levels: number, core: unknown = {}): unknown {
  let value = core
  for (let level = 0; level < levels; level++) value = { d: value }
  return value
}

/** An array with holes. */
export function sparse(length: number, elements: Readonly<Record<number, unknown>>): unknown[] {
  return Object.assign([], elements, { length })
}

function own(name: string, value: unknown, on: object): object {
  return Object.defineProperty(on, name, { value, enumerable: true, configurable: true, writable: true })
}

function hide(name: string, value: unknown, on: object): object {
  return Object.defineProperty(on, name, { value })
}
