import { runInNewContext } from "node:vm"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { CacheError, type KeyPart, key } from "../../src/index.ts"

class User {
  readonly id = 1
}

describe("a key of parts", () => {
  test.each<[KeyPart[], string]>([
    [[], "~[]"],
    [["user"], '~["user"]'],
    [["user", 42, { locale: "de" }], '~["user",42,{"locale":"de"}]'],
    [['a"b\\c\n\u2028'], '~["a\\"b\\\\c\\n\u2028"]'],
    [["\ud800", "a\udfffb", "😀"], '~["\\ud800","a\\udfffb","😀"]'],
    [[0, -0, 1.5, 1e21, 1e-7], "~[0,-0,1.5,1e+21,1e-7]"],
    [[Number.NaN, Infinity, -Infinity], "~[NaN,Infinity,-Infinity]"],
    [[1n, -1n, 0n, 2n ** 70n], "~[1n,-1n,0n,1180591620717411303424n]"],
    [[true, false, null, undefined], "~[true,false,null,undefined]"],
    [["true", "null", "1", "1n", "~[]"], '~["true","null","1","1n","~[]"]'],
    [[[1, [2, []]]], "~[[1,[2,[]]]]"],
    // biome-ignore lint/suspicious/noSparseArray: holes are what it is about.
    [[[1, , undefined] as KeyPart], "~[[1,_,undefined]]"],
    [[{ b: 1, a: 2 }, {}], '~[{"a":2,"b":1},{}]'],
    [[{ a: undefined }], '~[{"a":undefined}]'],
    [[{ "10": 1, "9": 2, "\uffff": 3, "😀": 4 }], '~[{"10":1,"9":2,"😀":4,"\uffff":3}]'],
    [
      [JSON.parse('{"__proto__":1,"constructor":2,"toString":3}')],
      '~[{"__proto__":1,"constructor":2,"toString":3}]',
    ],
    [[Object.assign(Object.create(null), { a: 1 })], '~[{"a":1}]'],
    [[Object.assign(Object.create(Object.create(null)), { a: 1 })], '~[{"a":1}]'],
    [[new Date(0), new Date(-1.5), new Date(Number.NaN)], "~[D0,D-1,DNaN]"],
    [[/a"b/gi], '~[R["a\\"b","gi"]]'],
    [[new URL("https://a.b/c?d=e#f")], '~[U"https://a.b/c?d=e#f"]'],
    [
      [
        new Map<KeyPart, KeyPart>([
          ["b", 1],
          ["a", 2],
          [1, {}],
        ]),
      ],
      '~[M{"a":2,"b":1,1:{}}]',
    ],
    [[new Set<KeyPart>(["b", "a", 1])], '~[S["a","b",1]]'],
    [[new Uint8Array([0, 255, 16]), new Uint8Array(0)], "~[B:Uint8Array:00ff10,B:Uint8Array:]"],
    [[new Uint8Array([0, 1, 2, 3]).subarray(1, 3)], "~[B:Uint8Array:0102]"],
    [
      [new Uint16Array([1]), new DataView(new ArrayBuffer(1)), new ArrayBuffer(2)],
      "~[B:Uint16Array:0100,B:DataView:00,B:ArrayBuffer:0000]",
    ],
  ])("%o is %s", (parts, text) => {
    expect(key(...parts)).toBe(text)
  })

  test("a Buffer is bytes like others", () => {
    expect(key(Buffer.from([1]))).toBe(key(new Uint8Array([1])))
  })

  test("plain objects of another realm are plain objects", () => {
    expect(key(runInNewContext("({ b: [1], a: 2 })"))).toBe(key({ a: 2, b: [1] }))
  })

  test("and what else a key may hold is the same from there: as Jest's tests have it from Node", () => {
    const code = `[new Date(5), /a/g, new Map([[1, new Set([2])]]), new ArrayBuffer(2), new Uint8Array([3])]`
    const text = '~["f",[D5,R["a","g"],M{1:S[2]},B:ArrayBuffer:0000,B:Uint8Array:03]]'
    expect(key("f", runInNewContext(code))).toBe(text)
  })

  test.each(["Date", "RegExp", "Map", "Set", "ArrayBuffer", "Uint8Array", "URL", "Error"])(
    "what only claims to be of the class %s is refused: two of them would be one key",
    (tag) => {
      class Liar {
        readonly size = 1
        get [Symbol.toStringTag]() {
          return tag
        }
      }
      for (const liar of [new Liar(), runInNewContext(`({ [Symbol.toStringTag]: "${tag}", size: 1 })`)]) {
        expect(() => key("f", liar)).toThrow(CacheError)
      }
    },
  )

  test("what it cannot tell apart from other values it refuses, naming the kind and never the value", () => {
    const circle: { self?: unknown } = {}
    circle.self = { circle }
    const list: unknown[] = []
    list.push([list])
    const map = new Map<unknown, unknown>()
    map.set(1, map)
    const secret = "s3cret"
    const wrong: unknown[] = [
      () => secret,
      Symbol(secret),
      new User(),
      Object.create(class Nobody extends null {}.prototype),
      new (class extends Map {})() && Object.assign(new User(), { secret }),
      Promise.resolve(secret),
      new WeakMap(),
      new Error(secret),
      new String(secret),
      { [Symbol(secret)]: 1 },
      circle,
      list,
      map,
      [new Proxy(User, {})],
    ]
    for (const part of wrong) {
      const refused = expect(() => key(part as KeyPart))
      refused.toThrow(expect.objectContaining({ code: "KEY_INVALID" }))
      refused.toThrow(expect.not.objectContaining({ message: expect.stringContaining(secret) }))
      expect(() => key("a", { deep: [part as KeyPart] })).toThrow(CacheError)
    }
    expect(() => key(new User() as never)).toThrow("User")
  })

  test("the same thing twice is no circle", () => {
    const one = { a: 1 }
    expect(key(one, [one, { one }])).toBe('~[{"a":1},[{"a":1},{"one":{"a":1}}]]')
  })

  test.each([
    ["a revoked Proxy", () => revoked()],
    ["a getter that throws", () => throwing()],
  ])("%s is refused as any other bad key", (_, part) => {
    expect(() => key(part() as never)).toThrow(expect.objectContaining({ code: "KEY_INVALID" }))
  })

  test("what would make a text without end is refused, however small it is itself", () => {
    let shared: KeyPart = [1]
    for (let i = 0; i < 60; i++) shared = [shared, shared]
    for (const part of [shared, new Array(4_294_967_295), new Uint8Array(200_000_000)]) {
      expect(() => key(part as KeyPart)).toThrow(expect.objectContaining({ code: "KEY_INVALID" }))
    }
    expect(key("a", 1)).toBe('~["a",1]')
  })

  test("what is nested too deep is refused and does no harm", () => {
    let deep: KeyPart = []
    for (let i = 0; i < 100_000; i++) deep = [deep]
    expect(() => key(deep)).toThrow(expect.objectContaining({ code: "KEY_INVALID" }))
    expect(key(1)).toBe("~[1]")
  })
})

/** The values a key may be made of, and what tells two of them apart. */
const { part } = fc.letrec<{ part: KeyPart }>((tie) => ({
  part: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("", "1", "_", "~[]", "\ud800", "\udc00", "__proto__", "a,b", '"'),
    ),
    fc.oneof(fc.double(), fc.integer(), fc.constantFrom(0, -0, Number.NaN)),
    fc.bigInt(),
    fc.constantFrom(true, false, null, undefined),
    fc.date({ noInvalidDate: false }),
    fc.uint8Array({ maxLength: 4 }),
    fc.array(tie("part"), { maxLength: 3 }),
    fc.sparseArray(tie("part"), { maxLength: 3 }).map((list) => list as KeyPart),
    fc.dictionary(fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "a")), tie("part"), {
      maxKeys: 3,
      noNullPrototype: false,
    }),
    fc.array(fc.tuple(tie("part"), tie("part")), { maxLength: 2 }).map((pairs) => new Map(pairs)),
    fc.array(tie("part"), { maxLength: 2 }).map((list) => new Set(list)),
  ),
}))

/** Whether two parts are the same to a caller. Objects, Maps and Sets count by content, in whatever order. */
function same(a: KeyPart, b: KeyPart): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return Object.is(a, b)
  if (tagOf(a) !== tagOf(b)) return false
  if (a instanceof Date && b instanceof Date) return Object.is(a.getTime(), b.getTime())
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((_, i) => i in b) && b.every((_, i) => i in a && same(a[i], b[i]))
  }
  if (a instanceof Map && b instanceof Map) return sameBag([...a], [...b])
  if (a instanceof Set && b instanceof Set) return sameBag([...a], [...b])
  return sameBag(Object.entries(a), Object.entries(b))
}

function tagOf(value: object): string {
  return Object.prototype.toString.call(value)
}

function sameBag(a: readonly KeyPart[], b: readonly KeyPart[]): boolean {
  const left = [...b]
  return (
    a.length === b.length &&
    a.every((one) => {
      const at = left.findIndex((other) => same(one, other))
      if (at >= 0) left.splice(at, 1)
      return at >= 0
    })
  )
}

test("two keys are the same text exactly when their parts are the same", () => {
  fc.assert(
    fc.property(fc.array(part, { maxLength: 3 }), fc.array(part, { maxLength: 3 }), (a, b) => {
      expect(key(...a) === key(...b)).toBe(same(a, b))
    }),
    { numRuns: 3000 },
  )
})

test("a copy has the same key, whatever the order its members were put in", () => {
  const turned = (value: KeyPart): KeyPart => {
    if (typeof value !== "object" || value === null || value instanceof Date || ArrayBuffer.isView(value))
      return value
    if (Array.isArray(value)) return value.map(turned)
    if (value instanceof Map)
      return new Map([...value].reverse().map(([name, of]) => [turned(name), turned(of)]))
    if (value instanceof Set) return new Set([...value].reverse().map(turned))
    const copy: { [name: string]: KeyPart } = Object.create(null)
    for (const [name, of] of Object.entries(value).reverse()) copy[name] = turned(of)
    return copy
  }
  fc.assert(
    fc.property(fc.array(part, { maxLength: 3 }), (parts) => {
      expect(key(...parts.map(turned))).toBe(key(...parts))
    }),
    { numRuns: 1000 },
  )
})

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

function throwing(): object {
  return {
    get part() {
      throw new Error("no")
    },
  }
}
