import superjson from "superjson"
import { expect, test } from "vitest"
import { isPlainJson } from "../../src/codec/serialize.ts"
import { superjsonSerializer } from "../../src/codec/superjson.ts"
import { picture } from "./picture.ts"
import { leaves, refused, shapes, simplified } from "./values.ts"

const serializer = superjsonSerializer()
const through = (value: unknown, by = serializer) => by.parse(by.stringify(value))

test.for(Object.entries({ ...leaves, ...shapes }))("%s comes back whole", ([, make]) => {
  const value = make()
  expect(picture(through(value))).toBe(picture(make()))
  expect(picture(value)).toBe(picture(make()))
})

test.for(Object.entries(leaves))("%s comes back whole next to anything", ([, make]) => {
  const beside = () => ({
    undefined: undefined,
    member: make(),
    list: [undefined, make(), make()],
    holes: Object.assign([], { 2: make() }),
    map: new Map([[make(), make()]]),
    set: new Set([make()]),
    error: new Error("m", { cause: make() }),
    own: JSON.parse('{"__proto__":1}'),
    $: make(),
  })
  expect(picture(through(beside()))).toBe(picture(beside()))
})

test.for(Object.entries(simplified))("%s", ([, make]) => {
  const [from, to] = make()
  expect(picture(through(from))).toBe(picture(to))
})

test.for(refused.map(([make, ...says]) => [says.join(" "), make, ...says] as const))(
  "refused as everywhere: %s",
  ([, make, path, what]) => {
    expect(() => through(make())).toThrow(expect.objectContaining({ code: "VALUE_UNSUPPORTED" }))
    expect(() => through(make())).toThrow(path)
    expect(() => through(make())).toThrow(what)
  },
)

test("plain JSON is JSON to the letter, and so is not what only looks like it", () => {
  const plain = { a: [1, "b", { c: null, d: true }], json: 1, $: 2, ["~"]: 3 }
  expect(serializer.stringify(plain)).toBe(JSON.stringify(plain))
  const kept = Object.entries({ ...leaves, ...shapes }).filter(([, make]) => isPlainJson(make()))
  expect(kept.map(([name]) => name)).toEqual([
    "text",
    "an empty text",
    "a lone surrogate",
    "number",
    "zero",
    "true",
    "false",
    "null",
    "an empty object",
    "an empty array",
    "plain JSON",
    "keys that lead to prototypes",
    "what looks like a record",
  ])
})

test("a toJSON that every object inherits makes nothing less plain", () => {
  Object.defineProperty(Object.prototype, "toJSON", { value: () => 1, configurable: true })
  try {
    expect(isPlainJson({ a: [{}] })).toBe(true)
  } finally {
    Reflect.deleteProperty(Object.prototype, "toJSON")
  }
})

test("the same value gives the same text, in any instance", () => {
  for (const make of Object.values({ ...leaves, ...shapes })) {
    expect(superjsonSerializer().stringify(make())).toBe(serializer.stringify(make()))
  }
})

test("instances of registered classes come back as instances, without their constructor", () => {
  let made = 0
  class Point {
    readonly tags: unknown[]
    readonly x: number
    constructor(x: number, tags: unknown[]) {
      made++
      this.x = x
      this.tags = tags
    }
    get double() {
      return 2 * this.x
    }
  }
  class NotFound extends Error {
    override readonly name = "NotFound"
    readonly status = 404
  }
  const one = superjsonSerializer({ classes: { Point, Missing: NotFound } })
  const point = new Point(1, [new Date(0), undefined])
  const back: any = through({ a: point, b: [point], error: new NotFound("no", { cause: point }) }, one)
  expect(made).toBe(1)
  expect(back.a).toBeInstanceOf(Point)
  expect(back.a).toEqual(point)
  expect(back.a.double).toBe(2)
  expect(back.b[0]).toBe(back.a)
  expect(back.error).toBeInstanceOf(NotFound)
  expect(back.error).toMatchObject({ message: "no", name: "NotFound", status: 404 })
  expect(back.error.cause).toBe(back.a)
  // Each serializer has its own.
  expect(() => serializer.stringify(point)).toThrow("value is an instance of Point")
  expect(() => serializer.parse(one.stringify(point))).toThrow()
  expect(() => one.stringify(new (class extends Point {})(1, []))).toThrow("is an instance of")
  expect(() => one.stringify(new Point(1, [() => 1]))).toThrow("value.tags[0] is a function")
})

test.for([{ classes: null }, { classes: 5 }, { clases: [] }])("%j are no options of it", (options) => {
  const make = () => superjsonSerializer(options as never)
  expect(make).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }))
})

test.for([
  ["no class", [1]],
  ["nothing", [null]],
  ["an arrow function", { a: () => 1 }],
  ["a Map's kind", [class extends Map {}]],
  ["a built-in class", [Date]],
  ["a name met twice", [class A {}, class A {}]],
  ["a class without a name", [class {}]],
  ["the name of a native error", { TypeError: class extends Error {} }],
] as const)("%s cannot be registered", ([, classes]) => {
  expect(() => superjsonSerializer({ classes: classes as never })).toThrow(
    expect.objectContaining({ code: "OPTION_INVALID" }),
  )
})

test.for([
  "",
  "{",
  "~",
  "~[]",
  "~{}",
  "~null",
  "~[0]",
  '~[{"$":0},[],{}]',
  '~[{"$":-1},[1],{"0":["Date"]}]',
  '~[{"$":"0"},[1],{"0":["Date"]}]',
  '~[{"$":["@",0]},[],{}]',
  '~[{"$":["[",-1]},[],{}]',
  '~[{"$":["[","x"]},[],{}]',
  '~[{"$":["E","Function","m","n",{}]},[],{}]',
  '~[{"$":["E","CacheError","m","n",{}]},[],{}]',
  '~[{"$":["C","Object",{}]},[],{}]',
  '~[{"$":["C","__proto__",{}]},[],{}]',
  '~[{"$":["nonsense"]},[],{}]',
  '~[0,["x"],{"0":["bigint"]}]',
  '~[0,["http://"],{"0":["URL"]}]',
  '~[0,["/(/"],{"0":["regexp"]}]',
  '~[0,[1e9],{"0":[["typed-array","Uint8Array"]]}]',
  '~[0,[{}],{"0":[["class","Account"]]}]',
  '~[0,["x"],{"0":[["symbol","x"]]}]',
  '~[0,["x"],{"0":[["custom","other"]]}]',
  '~[0,[["Function","YQ=="]],{"0":[["custom","bytes"]]}]',
  '~[{"$":0},[["Object","YQ=="]],{"0":[["custom","bytes"]]}]',
  '~[{"$":0},[["String","YQ=="]],{"0":[["custom","bytes"]]}]',
  '~[0,[["Uint8Array",1000000000]],{"0":[["custom","bytes"]]}]',
  '~[0,[["Float64Array","YQ=="]],{"0":[["custom","bytes"]]}]',
  '~[0,[[1]],{"0":["set"]}]',
  '~[0,[[]],{"0":["map"]}]',
  '~[0,[{}],{"0":["Error"]}]',
  '~[0,[{}],{"0.__proto__":["Date"]}]',
  '~[0,[{}],{"__proto__":["Date"]}]',
  '~[0,[{}],{"0":{"__proto__.polluted":["Date"]}}]',
  '~[0,[{}],{"constructor.prototype":["Date"]}]',
  '~[0,[{}],{"1":["Date"]}]',
  '~[0,[{}],{"0":["Date",{"a":["Date"]}]}]',
  '~[0,[{"a":1}],{"0":["undefined"]},{"0":["constructor.prototype"]}]x',
  `~${'[{"a":'.repeat(30_000)}`,
  superjson.stringify(new Map([[1, new Date(0)]])).slice(0, -1),
])("%s is no text of a serializer: it throws and changes nothing", (text) => {
  expect(() => serializer.parse(text)).toThrow()
  expect(Object.keys(Object.prototype)).toEqual([])
  expect(Reflect.get({}, "polluted")).toBeUndefined()
})

test.for([
  '{"__proto__":{"polluted":1}}',
  '~[{"__proto__":{"polluted":{"$":0}}},[null],{"0":["undefined"]}]',
  '~[{"$":["{","__proto__",{"polluted":1}]},[null],{"0":["undefined"]}]',
  '~[{"$":["E","Error","m","Error",{"__proto__":{"polluted":1}}]},[null],{"0":["undefined"]}]',
])("%s makes own data of a key called __proto__", (text) => {
  const value: any = serializer.parse(text)
  expect(value.polluted).toBeUndefined()
  expect(Object.keys(value)).toEqual(["__proto__"])
  expect(Reflect.get({}, "polluted")).toBeUndefined()
})

test("a claim of a huge array costs nothing", () => {
  expect(serializer.parse('~[{"$":["[",4294967295]},[null],{"0":["undefined"]}]')).toHaveLength(4294967295)
})
