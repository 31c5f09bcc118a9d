// What TypeScript finds out by itself: nobody has to say a type again that a key, a schema or a function has said.
import {
  type Args,
  CacheWrapper,
  type Entry,
  type Fn,
  type Key,
  key,
  type ManyEntries,
  type Memoized,
  type MemoizeOptions,
  memoized,
  type StandardSchemaV1,
} from "isocache"
import { same } from "./same.ts"

interface Shape {
  kind: "circle" | "square"
  size: number
}
const cache = new CacheWrapper({ adapter: "memory" })
const shape = key<Shape>("shape")
const pair = key<[number, string]>("pair")
const theme = key<"dark" | "light">("theme")

/** A key tells its fallback which texts are meant as such, whether there are options or not. */
export async function literals(): Promise<void> {
  const made = await cache.getOrSet(shape, async () => ({ kind: "circle", size: 1 }))
  same<typeof made, Shape>()
  await cache.getOrSet(shape, async () => ({ kind: "circle", size: 1 }), { ttl: "5m" })
  await cache.getOrSet(shape, ({ key }) => ({ kind: "circle", size: key.length }), { ttl: "5m" })
  await cache.getOrSet(shape, { kind: "square", size: 1 }, { ttl: "5m" })
  await cache.getOrSet(pair, async () => [1, "a"], { ttl: "5m" })
  await cache.getOrSet(theme, () => "dark")
  await cache.getOrSet(theme, async ({ stale }) => (stale ? "dark" : "light"), { grace: "1h" })
  await cache.getOrSet<Shape>("shape", async () => ({ kind: "circle", size: 1 }), { ttl: "5m" })
  const asked: Shape = await cache.getOrSet("shape", async () => ({ kind: "circle", size: 1 }), { ttl: "5m" })
  const many = await cache.getOrSetMany([shape], (missing) =>
    missing.map(() => ({ kind: "circle", size: 1 })),
  )
  same<typeof many, Shape[]>()
  await cache.getOrSetMany([shape], async () => [{ kind: "circle", size: 1 }], { ttl: "5m" })
  // @ts-expect-error: no such kind
  await cache.getOrSet(shape, async () => ({ kind: "line", size: 1 }), { ttl: "5m" })
  // @ts-expect-error: nor among many
  await cache.getOrSetMany([shape], async () => [{ kind: "line", size: 1 }])
  void asked
}

/** A key without a type leaves it to the fallback, and so does a function that does not know its own. */
export async function plain<T>(own: Key<T>, make: () => Promise<T>): Promise<T> {
  const parameter = await cache.getOrSet("x", (context) => context.key.length, { shouldCache: (n) => n > 0 })
  same<typeof parameter, number>()
  const value = await cache.getOrSet("x", { kind: "circle" })
  same<typeof value, { kind: string }>()
  const many = await cache.getOrSetMany(["a"], async (missing) => new Map(missing.map((name) => [name, 1])))
  same<typeof many, number[]>()
  await cache.getOrSetMany([own], async () => [await make()])
  return cache.getOrSet(own, make, { ttl: "5m" })
}

/** A default stands in for what the key says: it makes that neither wider nor less. */
export async function defaults<T>(own: Key<T>, other: T): Promise<T> {
  const read = await cache.get(theme, { default: "dark" })
  same<typeof read, "dark" | "light">()
  const many = await cache.getMany([theme], { default: "dark", stale: true })
  same<typeof many, ("dark" | "light")[]>()
  const whole = await cache.get(shape, { default: { kind: "circle", size: 0 } })
  same<typeof whole, Shape>()
  const list = await cache.get(key<string[]>("list"), { default: [] })
  same<typeof list, string[]>()
  const none = await cache.get(shape, { default: null })
  same<typeof none, Shape | null>()
  const nones = await cache.getMany([shape], { default: null })
  same<typeof nones, (Shape | null)[]>()
  const perhaps = await cache.get(shape, { default: none ?? undefined })
  same<typeof perhaps, Shape | undefined>()
  const plain = await cache.get("x", { default: false })
  same<typeof plain, boolean>()
  const asked: "dark" | "light" = await cache.get("theme", { default: "dark" })
  // @ts-expect-error: a part of it is not what the key says
  await cache.get(shape, { default: { size: 0 } })
  // @ts-expect-error: nor is a text
  await cache.getMany([shape], { default: "circle" })
  void asked
  return cache.get(own, { default: other })
}

/** What is required is there. */
export async function required(): Promise<void> {
  const users = cache.region("users", { generate: async (id: number) => ({ id }) })
  const entry = await cache.getEntry(shape, { required: true, stale: true })
  same<typeof entry, Entry<Shape>>()
  const made = await users.getEntry(1, { required: true })
  same<typeof made, Entry<{ id: number }>>()
  const perhaps = await users.getEntry(1, { stale: true })
  same<typeof perhaps, Entry<{ id: number }> | undefined>()
}

/** Pairs that a function makes of what there is are pairs, as for a Map. */
export async function pairs(users: readonly { id: number }[], given: ManyEntries): Promise<void> {
  await cache.setMany(users.map((user) => [`user:${user.id}`, user]))
  await cache.setMany(
    users.map((user) => [["user", user.id], user, { ttl: "1h" }]),
    { tags: ["users"] },
  )
  await cache.setMany(given)
  await cache.setMany(Math.random() > 1 ? new Map([["a", 1]]) : { a: 1 })
  // @ts-expect-error: a key at least, and a value
  await cache.setMany(users.map(({ id }) => [id]))
  // @ts-expect-error: no such option
  await cache.setMany(users.map((user) => ["a", user, { tll: "1h" }]))
}

/** Keys of several types read together say each what its own value is. */
export async function mixed<T>(own: Key<T>): Promise<void> {
  const found = await cache.getMany([shape, own, ["plain", 1]], { stale: true })
  same<typeof found, [Shape | undefined, T | undefined, unknown]>()
  const [one, other] = await cache.getMany([shape, pair], { required: true })
  same<typeof one, Shape>()
  same<typeof other, [number, string]>()
  const keys: (Key<Shape> | Key<number>)[] = [shape]
  const list = await cache.getMany(keys)
  same<typeof list, (Shape | number | undefined)[]>()
  // @ts-expect-error: a number is no key
  await cache.getMany([shape, pair, 1])
}

/** What a schema makes of a value is what comes, whatever a fallback or a generator answers. */
export async function judged(schema: StandardSchemaV1<unknown, Shape>): Promise<void> {
  const shapes = cache.region("shapes", { schema, generate: async (id: number) => JSON.parse(`${id}`) })
  const one = await shapes.get(1)
  same<typeof one, Shape>()
  const raw = cache.region("raw", {
    schema,
    ttl: "1h",
    generate: async (id: number, { key }): Promise<unknown> => [id, key],
  })
  const other = await raw.get(1)
  same<typeof other, Shape>()
  const many = await cache.getOrSetMany(["a"], async (missing) => missing.map((text) => JSON.parse(text)), {
    schema,
  })
  same<typeof many, Shape[]>()
  await cache.getOrSetMany([shape], async ([first]): Promise<unknown[]> => [first], { schema })
  const load = cache.memoize(async (id: number) => JSON.parse(`${id}`), {
    name: "load",
    schema,
    key: (id) => id,
  })
  const loaded = await load(1)
  same<typeof loaded, Shape>()
  await load.set({ kind: "circle", size: 1 }, 1)
  const loadMany = cache.memoizeMany(async (...ids: number[]): Promise<unknown[]> => ids, {
    name: "loadMany",
    schema,
    key: (id) => id.toFixed(),
  })
  const loadedMany = await loadMany(1, 2)
  same<typeof loadedMany, Shape[]>()
  const got = await loadMany.get(1)
  same<typeof got, Shape | undefined>()
  // @ts-expect-error: ids are numbers
  await loadMany("1")
  // @ts-expect-error: the argument is the function's
  await load("1")
  // @ts-expect-error: the argument is the generator's
  await raw.get("1")
  // @ts-expect-error: the key says that it is another
  await cache.getOrSetMany([pair], async () => [1], { schema })
}

/** What a module makes of the face it can export: each type has a name that others can import. */
export const shared = (name: string) => memoized({ name, instance: "shared", ttl: "5m" })
export const briefly = <F extends Fn>(fn: F, options?: MemoizeOptions<Args<F>>): Memoized<F> =>
  cache.memoize(fn, { key: options?.key, ttl: "1m" })
export const lists = cache.memoizeMany((...ids: number[]) => ids.map(String), { name: "lists" })
