/** A kind of value that every adapter keeps, created anew each time. */
export interface KindOfValue {
  readonly name: string
  make(): unknown
}

/** Values that come back as they went in, from every adapter. */
export const keptValues: readonly KindOfValue[] = [
  kind("null", () => null),
  kind("undefined", () => undefined),
  kind("true and false", () => [true, false]),
  kind("false", () => false),
  kind("0", () => 0),
  kind("the empty string", () => ""),
  kind("NaN", () => Number.NaN),
  kind("-0", () => -0),
  kind("infinities", () => [Infinity, -Infinity]),
  kind("numbers", () => [1, -1, 0.1, 1e21, 5e-324, Number.MAX_VALUE, Number.MAX_SAFE_INTEGER, 1e-7]),
  kind("text that looks like a number", () => "42"),
  kind("texts that look like something else", () => [
    ..."null true [] {} 1e3 0123 1n".split(" "),
    "undefined",
    '"a"',
  ]),
  kind("text with line breaks, quotes and NUL", () => "a\nb\r\n\u2028\u2029'\"`\\\0\u001f\u007f"),
  kind("text beyond ASCII", () => "\u00e9 e\u0301 \u20ac \u{1f600} \ufeff \uffff \u202e"),
  kind("text with lone surrogates", () => "a\ud800b\udc00"),
  kind("bigint", () => [0n, -1n, 2n ** 64n, -(2n ** 200n)]),
  kind("Date", () => [new Date(0), new Date(-1), new Date(8.64e15), new Date("2026-02-29T12:34:56.789Z")]),
  kind("invalid Date", () => new Date(Number.NaN)),
  kind("RegExp", () => [/a\/b[/"]\n/gi, /(?:)/, /\u{1f600}/u]),
  kind(
    "Map",
    () =>
      new Map<unknown, unknown>([
        ["a", 1],
        [1, "a"],
        [null, undefined],
        [Number.NaN, new Map()],
      ]),
  ),
  kind("Set", () => new Set<unknown>(["a", 1, "1", null, undefined, Number.NaN, new Set([1])])),
  kind("URL", () => [new URL("https://user@example.org:8443/a%20b?q=1&q=2#h"), new URL("data:,x")]),
  kind("Error", () => new Error("message", { cause: new TypeError("cause", { cause: "root" }) })),
  kind("errors of other names", () => [new TypeError("t"), new RangeError(""), named("CustomError")]),
  kind("ArrayBuffer", () => [new Uint8Array([0, 1, 128, 255]).buffer, new ArrayBuffer(0)]),
  kind("typed arrays", typedArrays),
  kind(
    "a view of a part of a buffer",
    () => new Uint16Array(new Uint8Array([9, 9, 1, 0, 2, 0, 9, 9]).buffer, 2, 2),
  ),
  kind("an empty object and an empty array", () => [{}, []]),
  kind("objects and arrays in each other", () => ({ a: [{ b: [[], {}, [null]] }], c: { d: { e: 1 } } })),
  kind("undefined in an object and in an array", () => ({ a: undefined, b: [undefined, 1, undefined] })),
  kind("object keys that look like something else", () => ({
    "": 1,
    "a.b": 2,
    "a\\.b": 3,
    0: 4,
    json: 5,
    meta: 6,
    $: 7,
  })),
  kind("an object that looks like serialized text", () => ({
    json: { a: null },
    meta: { values: { a: ["Date"] } },
  })),
  kind("an object with own keys of Object.prototype", prototypeKeys),
  kind("then as data", () => JSON.parse('[{"then":1},{"then":null,"a":[{"then":"later"}]}]')),
  kind("a cycle through an object", cyclicObject),
  kind("a cycle through an array, a Map and a Set", cyclicCollections),
  kind("shared references", sharedReferences),
  kind("100 levels of nesting", () => nested(100)),
  kind("an array of 2 000", () => Array.from({ length: 2_000 }, (_, at) => ({ at, even: at % 2 === 0 }))),
  kind("a text of 1 MB", () => "0123456789abcde\u20ac".repeat(65_536)),
]

function kind(name: string, make: () => unknown): KindOfValue {
  return { name, make }
}

function named(name: string): Error {
  const error = new Error("message")
  error.name = name
  return error
}

function typedArrays(): unknown[] {
  const bytes = [0, 1, 127, 128, 255]
  const floats = [0, -0, 0.5, Infinity, Number.NaN]
  const all: unknown[] = [
    new Uint8Array(bytes),
    new Uint8ClampedArray(bytes),
    new Int8Array(bytes),
    new Uint16Array([0, 65_535]),
    new Int16Array([-32_768, 32_767]),
    new Uint32Array([0, 4_294_967_295]),
    new Int32Array([-2_147_483_648, 2_147_483_647]),
    new Float32Array(floats),
    new Float64Array([...floats, 5e-324]),
    new BigInt64Array([-(2n ** 63n), 2n ** 63n - 1n]),
    new BigUint64Array([0n, 2n ** 64n - 1n]),
    new Uint8Array(0),
  ]
  // Not yet in every runtime.
  const Float16: unknown = Reflect.get(globalThis, "Float16Array")
  if (typeof Float16 === "function") all.push(Reflect.construct(Float16, [floats]))
  return all
}

/** With data under names that lead to prototypes. */
function prototypeKeys(): unknown {
  const own = {
    constructor: { prototype: { polluted: true } },
    prototype: 1,
    toString: "text",
    hasOwnProperty: 0,
  }
  return Object.defineProperty(own, "__proto__", {
    value: { polluted: true },
    configurable: true,
    enumerable: true,
    writable: true,
  })
}

function cyclicObject(): unknown {
  const self: Record<string, unknown> = { name: "self", at: new Date(0) }
  self["self"] = self
  self["inner"] = { up: self, list: [self] }
  return self
}

function cyclicCollections(): unknown {
  const list: unknown[] = [1]
  const map = new Map<unknown, unknown>([["list", list]])
  const set = new Set<unknown>([map])
  list.push(list, map, set)
  map.set("map", map)
  set.add(set)
  return list
}

function sharedReferences(): unknown {
  const shared = { n: 1 }
  const when = new Date(1)
  return { a: shared, b: shared, list: [shared, when], when, map: new Map([["shared", shared]]) }
}

function nested(levels: number): unknown {
  let value: unknown = "deep"
  for (let level = 0; level < levels; level++) value = level % 2 ? [value] : { value }
  return value
}
