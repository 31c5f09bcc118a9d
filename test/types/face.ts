// What the face says of types: what compiles, and what must not.
import {
  type Adapter,
  type AliasOptions,
  CacheError,
  type CacheEvent,
  CacheWrapper,
  cached,
  type Duration,
  detectRuntime,
  type Entry,
  type Key,
  type KeyLike,
  key,
  type LoadContext,
  type Metrics,
  memoized,
  optionsFrom,
  type parseDuration,
  type Region,
  type RegionOptions,
  type Runtime,
  registerAlias,
  type StandardSchemaV1,
} from "isocache"
import { memory } from "isocache/adapters/memory"
import { CacheWrapper as CoreWrapper } from "isocache/core"
import { delegate } from "isocache/proxies"
import { same } from "./same.ts"

interface User {
  id: number
  name: string
}
declare const schema: StandardSchemaV1<unknown, User>
const cache = new CacheWrapper({ ttl: "5m", adapter: "memory", near: { maxAge: "5s" } })

export async function keys(): Promise<void> {
  const user: Key<User> = key<User>("user", 42)
  const text: string = user
  const some = await cache.get(user)
  same<typeof some, User | undefined>()
  const sure = await cache.get(user, { required: true })
  same<typeof sure, User>()
  const fallen = await cache.get(user, { default: { id: 0, name: text } })
  same<typeof fallen, User>()
  const entry = await cache.getEntry(user)
  same<typeof entry, Entry<User> | undefined>()
  const many = await cache.getMany([user, key<User>("user", 43)])
  same<typeof many, (User | undefined)[]>()
  const all = await cache.getMany([user], { required: true })
  same<typeof all, User[]>()
  const filled = await cache.getMany([user], { default: { id: 0, name: text } })
  same<typeof filled, User[]>()
  const peeked = cache.peek(user)
  same<typeof peeked, User | undefined>()
  await cache.set(user, { id: 42, name: "Ada" }, { ttl: "1h", grace: "1d", tags: ["users"] })
  // @ts-expect-error: a key of users takes no text
  await cache.set(user, "Ada")
  // @ts-expect-error: nor what its values are a part of
  await cache.set(user, null)
  // @ts-expect-error: nor a text that is none of its own
  await cache.set(key<"on" | "off">("state"), "maybe")
  // @ts-expect-error: what is loaded for it is a whole user
  await cache.getOrSet(user, async () => ({ id: 42 }))
  // @ts-expect-error: whether given as it is
  await cache.getOrSet(user, { id: 42 })
  // @ts-expect-error: or one of many
  await cache.getOrSetMany([user], (missing) => missing.map(() => ({ id: 42 })))
  // @ts-expect-error: the default is of the key's type
  await cache.get(user, { default: 5 })
  // @ts-expect-error: a key of users is no key of numbers
  const other: Key<number> = user

  const plain = await cache.get("plain")
  same<typeof plain, unknown>()
  const told = await cache.get<number>("plain")
  same<typeof told, number | undefined>()
  const like: KeyLike = [
    "user",
    42,
    { locale: "de", at: new Date(), deep: [new Map([["a", 1n]]), new Set([null])] },
  ]
  await cache.delete("a", ["b", 1], user, like)
  // @ts-expect-error: a number is no key
  await cache.get(42)
  // @ts-expect-error: a function is no part of a key
  key("user", () => 1)
  // @ts-expect-error: a symbol is no part of a key
  await cache.get(["user", Symbol("x")])
  void other
}

export async function loading(): Promise<void> {
  const user = key<User>("user", 42)
  const made = await cache.getOrSet("x", async () => ({ a: 1 }))
  same<typeof made, { a: number }>()
  const kept = await cache.getOrSet(user, async (context) => {
    same<typeof context.stale, Entry<User> | undefined>()
    same<typeof context.signal, AbortSignal>()
    context.ttl = "1h"
    context.grace = 5
    context.tags = ["a"]
    return context.stale ? context.keep() : { id: 1, name: "Ada" }
  })
  same<typeof kept, User>()
  const value = await cache.getOrSet(user, { id: 1, name: "Ada" }, { softTimeout: 0, early: 1, lease: false })
  same<typeof value, User>()
  const judged = await cache.getOrSet("x", () => ({ id: 1, name: "" }), {
    schema,
    shouldCache: ({ id }) => id > 0,
  })
  same<typeof judged, User>()
  // @ts-expect-error: the fallback's type is the answer's
  const wrong: string = await cache.getOrSet("x", async () => 5)
  // @ts-expect-error: the fallback makes what the key says
  await cache.getOrSet(user, () => "text")
  // @ts-expect-error: no such option
  await cache.getOrSet("x", () => 1, { tll: "5m" })
  // @ts-expect-error: what may be cached is judged by the value's own type
  await cache.getOrSet("x", () => 1, { shouldCache: (value: string) => value !== "" })

  const list = await cache.getOrSetMany(["a", "b"], async (missing) => missing.map(String))
  same<typeof list, string[]>()
  const map = await cache.getOrSetMany([user], () => new Map([["x", { id: 1, name: "" }]]))
  same<typeof map, User[]>()
  const record = await cache.getOrSetMany(["a"], () => ({ a: 1 }))
  same<typeof record, number[]>()
  // @ts-expect-error: not what the keys say
  await cache.getOrSetMany([user], () => [5])
  await cache.setMany(
    [
      ["a", 1],
      [["b", 2], "x", { ttl: "1s" }],
    ],
    { grace: 5 },
  )
  const daily: { ttl: "1d" } | undefined = undefined
  await cache.setMany([["a", 1, daily]])
  await cache.setMany(new Map([["a", 1]]))
  await cache.setMany({ a: 1 })
  // @ts-expect-error: a pair at least
  await cache.setMany([["a"]])
  void wrong
}

export const durations: Duration[] = [
  0,
  1.5,
  Infinity,
  "500ms",
  "30s",
  "30 seconds",
  "5m",
  "1 hour",
  "7d",
  "2w",
  "1.5h",
  "5 MIN",
  "1 Day",
]
// @ts-expect-error: no such unit
durations.push("5 years")
// @ts-expect-error: no unit at all
durations.push("5")
// @ts-expect-error: one amount, one unit
durations.push("1h30m")
// @ts-expect-error: no amount
durations.push("soon")
same<ReturnType<typeof parseDuration>, number>()

export async function regions(): Promise<void> {
  const users = cache.region("users", { ttl: "1h", generate: async (id: number) => ({ id, name: "x" }) })
  const one = await users.get(42)
  same<typeof one, { id: number; name: string }>()
  const some = await users.getMany([1, 2], { softTimeout: 0, fresh: true, shouldCache: ({ id }) => id > 0 })
  same<typeof some, { id: number; name: string }[]>()
  // @ts-expect-error: what is missing is made: there is no default
  await users.getMany([1], { default: { id: 0, name: "" } })
  const entry = await users.getEntry(1, { stale: true })
  same<typeof entry, Entry<{ id: number; name: string }> | undefined>()
  await users.set(1, { id: 1, name: "Ada" })
  await users.setMany([
    [1, { id: 1, name: "Ada" }],
    [2, { id: 2, name: "Bob" }, undefined],
  ])
  await users.getOrSet(1, () => ({ id: 1, name: "Ada" }))
  await users.getOrSetMany([1], (ids: number[]) => ids.map((id) => ({ id, name: "" })))
  await users.batch(async (batch) => {
    const inside = await batch.get(1)
    same<typeof inside, { id: number; name: string }>()
  })
  const counts: number[] = [await users.delete(1, 2), await users.expire(1), await users.prune()]
  const is: boolean[] = [await users.has(1), await users.touch(1, "5m"), users.isLoading(1)]
  await users.get(1, { fresh: true, ttl: "1s" })
  // @ts-expect-error: the generator takes numbers
  await users.get("4")
  // @ts-expect-error: here too
  await users.delete("4")
  // @ts-expect-error: not what the generator makes
  await users.set(1, { id: 1 })
  // @ts-expect-error: no such option of a region
  cache.region("x", { tll: "5m" })
  // @ts-expect-error: the setter takes what the generator takes
  cache.region("x", { generate: (id: number) => id, writeThrough: (id: string) => id })

  const late = cache
    .region("late")
    .generate(
      async (who: { id: number }, { tags, stale }: LoadContext<string>) =>
        `${who.id} ${tags.length} ${stale?.value}`,
    )
  const text = await late.get({ id: 1 })
  same<typeof text, string>()
  // @ts-expect-error: the generator takes more
  await late.get({})
  const plain: Region = cache.region("plain", {
    key: (name: string) => name.toLowerCase(),
    onError: (error, { key }) => void [error, key],
  })
  const inner: Region = plain.region("inner").region("most")
  const own: RegionOptions<User, number> = {
    adapter: memory(),
    writeThrough: async (id, user) => void [id, user.name],
    prefix: "u",
  }
  void [inner, own, counts, is]
}

function over(a: number): Promise<number>
function over(a: string): Promise<string>
async function over(a: unknown): Promise<unknown> {
  return a
}

export async function functions(): Promise<void> {
  const load = cache.memoize(async (id: number, name?: string) => ({ id, name: name ?? "" }), {
    name: "load",
    ttl: () => "5m",
  })
  const one = await load(1)
  same<typeof one, { id: number; name: string }>()
  await load(1, "x")
  await load.set({ id: 1, name: "" }, 1, "x")
  const some = await load.get(1)
  same<typeof some, { id: number; name: string } | undefined>()
  const text: Key<{ id: number; name: string }> = load.keyFor(1)
  same<Parameters<typeof load.original>, [id: number, name?: string | undefined]>()
  // @ts-expect-error: the function takes a number
  load("1")
  // @ts-expect-error: its operations take its arguments
  await load.delete("1")
  // @ts-expect-error: and its values
  await load.set("x", 1)
  cache.memoize(async (id: number) => id, {
    key: (id) => id.toFixed(),
    ignore: [0],
    bypass: (id) => id > 5,
    onHit: ({ key, args, value, expiresAt }) => void [key.length, args[0] + value, expiresAt.toFixed()],
    shouldCache: (value) => value > 0,
  })
  // @ts-expect-error: the key function takes the arguments
  cache.memoize(async (id: number) => id, { key: (id: string) => id })
  // @ts-expect-error: no such option
  cache.memoize(async (id: number) => id, { tll: "5m" })

  const overloaded = cache.memoize(over)
  const a: number = await overloaded(1)
  const b: string = await overloaded("x")
  // @ts-expect-error: no such overload
  overloaded(true)
  const sync = cache.memoize((n: number) => n * 2, { name: "double" })
  const promise: Promise<number> = sync(2)
  const bound = cache.memoize(
    async function (this: { n: number }, by: number) {
      return this.n * by
    },
    { name: "bound" },
  )
  await bound.call({ n: 1 }, 2)
  // @ts-expect-error: it has a this
  await bound(2)

  const many = cache.memoizeMany(async (...ids: number[]) => ids.map(String), {
    name: "many",
    key: (id) => id.toFixed(),
  })
  const list = await many(1, 2)
  same<typeof list, string[]>()
  const found = await many.get(1)
  same<typeof found, string | undefined>()
  // @ts-expect-error: ids are numbers
  await many("x")
  void [text, a, b, promise]
}

const counts = cache.region("counts", { generate: async (id: number) => id })

export class Repo {
  readonly tenant: string = "a"

  @memoized({ name: "Repo.find", instance: "shared", ttl: "5m", ignore: [1], key: (id: number) => id })
  async find(id: number, trace?: string): Promise<string> {
    return `${id} ${trace}`
  }

  @memoized({ name: "Repo.all", instance: (self: Repo) => self.tenant })
  get all(): Promise<number> {
    return Promise.resolve(1)
  }

  @memoized({ name: "Repo.own", instance: (self: Repo) => self.tenant })
  async own(this: Repo, id: number): Promise<string> {
    return `${this.tenant} ${id}`
  }

  @memoized({ name: "Repo.make", instance: "shared", cache })
  static async make(): Promise<Repo> {
    return new Repo()
  }

  @memoized({ name: "Repo.count", instance: "shared", cache: counts })
  async count(): Promise<number> {
    return 1
  }

  @memoized({ name: "Repo.judged", instance: "shared", schema, shouldCache: (user: User) => user.id > 0 })
  async judged(id: number): Promise<User> {
    return { id, name: "Ada" }
  }

  // @ts-expect-error: what it answers would be a promise, and no number
  @memoized({ name: "Repo.size", instance: "shared" })
  size(): number {
    return 1
  }

  // @ts-expect-error: a field is no method
  @memoized({ name: "Repo.field", instance: "shared" })
  field = 1
}
// @ts-expect-error: a name is asked for
memoized({ instance: "shared" })
// @ts-expect-error: what tells instances apart is asked for
memoized({ name: "x" })

/** As Wrangler writes them: an interface. */
interface WorkerVars {
  CACHE_TTL: string
}

export function storages(): void {
  cache.use("memory", { maxEntries: 5, policy: "lru", near: true, compress: true }).use(memory()).use("none")
  cache.use("sqlite", { path: ":memory:" })
  cache.use("auto", { near: false })
  cache.use("kv", { binding: "CACHE" })
  // @ts-expect-error: no such option of SQLite
  cache.use("sqlite", { paht: "x" })
  // @ts-expect-error: a number of entries
  cache.use("memory", { maxEntries: "5" })
  // @ts-expect-error: no such policy
  cache.use("memory", { policy: "fifo" })
  // @ts-expect-error: no adapter
  cache.use({ get() {} })
  registerAlias("house", (options: { rooms: number }) => memory({ maxEntries: options.rooms }))
  cache.use("house", { rooms: 5 })
  // @ts-expect-error: what an alias loads is an adapter
  registerAlias("bad", () => 5)
  const told = optionsFrom({ "cache.adapter": "memory" }).adapter ?? memory()
  same<typeof told, string | Adapter>()
  cache.use(told, { near: true })
  const close: (() => void) | undefined = undefined
  cache.use(delegate(memory(), { get: (key) => key, close, lock: undefined }))
  // @ts-expect-error: an ability is a method
  delegate(memory(), { lock: true })
  const names: (keyof AliasOptions)[] = ["auto", "memory", "indexeddb", "kv", "upstash", "sqlite", "none"]
  const core = new CoreWrapper({ adapter: memory() })
  const adapter: Adapter = core.adapter
  const bound: CacheWrapper = cache.bind({ waitUntil: (work) => void work.then() })
  const configured = new CacheWrapper(optionsFrom({ "cache.ttl": "5m" }, "cache"))
  const vars: WorkerVars = { CACHE_TTL: "5m" }
  void optionsFrom(vars)
  // @ts-expect-error: a text holds no settings
  optionsFrom("cache.ttl=5m")
  same<ReturnType<typeof optionsFrom>["prefix"], string | undefined>()
  void [names, adapter, bound, configured]
}

export async function events(): Promise<void> {
  const off = cached.on("miss", (event) => {
    same<typeof event.type, "miss">()
    const reason: "absent" | "expired" | "invalidated" | "corrupt" | "unavailable" = event.reason
    // @ts-expect-error: a miss took no time
    void [reason, event.duration]
  })
  cached.on("*", (event: CacheEvent) => {
    if (event.type === "loaded") event.duration.toFixed()
    if (event.type === "hit") event.age.toFixed()
    // @ts-expect-error: a value is never told
    void event.value
  })
  // @ts-expect-error: no such event
  cached.on("hits", () => {})
  const metrics: Metrics = cached.metrics()
  const runtime: Runtime = detectRuntime()
  try {
    await cached.ready()
  } catch (error) {
    if (error instanceof CacheError && error.code === "CACHE_MISS") void error.reason
    // @ts-expect-error: no such code
    if (error instanceof CacheError && error.code === "MISS") void error.key
  }
  for await (const name of cached.keys()) name.length
  await using own = new CacheWrapper()
  void [off, metrics, runtime, own]
}

export async function contexts(): Promise<void> {
  const loaded = await cache.getOrSet("k", async (context) => {
    context.ttl = "1h"
    return { a: 1 }
  })
  same<typeof loaded, { a: number }>()
  const given = await cache.getOrSet<User>("k", async ({ stale }) => stale?.value ?? { id: 1, name: "Ada" })
  same<typeof given, User>()
  const many = await cache.getOrSetMany(["a", "b"], async (missing, context) => {
    context.tags.push("all")
    const texts: string[] = missing
    return texts.map((text) => text.length)
  })
  same<typeof many, number[]>()
  const users = cache.region("users", {
    generate: async (id: number, context) => {
      context.grace = "1h"
      return { id, name: "Ada" }
    },
  })
  const user = await users.get(1)
  same<typeof user, User>()
  const late = cache.region("late").generate(async (id: number, context) => {
    context.skip()
    return `${id}`
  })
  const text = await late.get(1)
  same<typeof text, string>()
  new CacheWrapper({ schema })
  // What a schema makes of it, whatever comes.
  const judged = await cache.getOrSet("k", async () => JSON.parse("{}"), { schema, ttl: "1h" })
  same<typeof judged, User>()
  const kept = await cache.getOrSet("k", (context) => ({ ...context.keep(), name: "Ada" }), { schema })
  same<typeof kept, User>()
}
