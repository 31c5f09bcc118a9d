import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test, vi } from "vitest"
import { CacheWrapper } from "../../src/index.ts"
import { withRedis } from "../redis/setup.ts"
import { blocksOf, pages } from "./blocks.ts"
import { checked, countSaid, isSaid, type Said, temporary, written } from "./said.ts"

const blocks = pages.flatMap(blocksOf).filter(({ language }) => language === "ts redis")

withRedis("blocks that need Redis", (setup) => {
  test.each(blocks)(
    "TypeScript in $file at line $line runs, and its comments are true",
    async (block) => {
      const folder = temporary(import.meta.dirname)
      const said: Said[] = []
      vi.stubGlobal("__say", (value: unknown, comment: string) => said.push([written(value), comment]))
      vi.stubEnv("UPSTASH_REDIS_REST_URL", setup.front.url)
      vi.stubEnv("UPSTASH_REDIS_REST_TOKEN", setup.front.token)
      const errors = vi.spyOn(console, "error").mockImplementation(() => {})
      try {
        const module = join(folder, `redis-${block.line}.js`)
        writeFileSync(module, await checked(block.code))
        await import(module)
        for (const one of said) expect(isSaid(one), `${one[1]} is ${one[0]}`).toBe(true)
        expect(said.length).toBe(countSaid(block.code))
        expect(errors.mock.calls).toEqual([])
      } finally {
        vi.unstubAllGlobals()
        vi.unstubAllEnvs()
        errors.mockRestore()
      }
    },
    30_000,
  )

  test("a hit is one request, or two with tags; so is a getMany; an invalidation is one", async () => {
    const cache = new CacheWrapper({ adapter: setup.open() })
    const keys = Array.from({ length: 50 }, (_, at) => `plain ${at}`)
    await cache.setMany(keys.map((key) => [key, 1] as const))
    await cache.set("tagged", 2, { tags: ["a", "b"] })
    const requests = async (work: () => Promise<unknown>) => {
      const before = setup.front.stats.requests
      await work()
      return setup.front.stats.requests - before
    }
    expect(await requests(() => cache.get("plain 1"))).toBe(1)
    expect(await requests(() => cache.get("tagged"))).toBe(2)
    expect(await requests(() => cache.getMany(keys))).toBe(1)
    expect(await requests(() => cache.getMany([...keys, "tagged"]))).toBe(2)
    expect(await requests(() => cache.invalidateTags("a"))).toBe(1)
    expect(await requests(() => cache.invalidate())).toBe(1)
    expect(await cache.getMany(["plain 1", "tagged"])).toEqual([undefined, undefined])
  })
})

test("the guide to Redis has blocks", () => {
  expect(blocks.length).toBeGreaterThan(0)
})
