import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { build } from "esbuild"
import { expect, onTestFinished, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import { type CacheError, cached } from "../../src/index.ts"

test("the shared cache is one in a realm, even if the package is bundled twice", async () => {
  const folder = mkdtempSync(join(tmpdir(), "isocache-twice-"))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const entry = new URL("../../src/index.ts", import.meta.url).pathname
  const bundles = await Promise.all(
    ["one", "two"].map(async (name) => {
      const { outputFiles } = await build({
        entryPoints: [entry],
        bundle: true,
        format: "esm",
        platform: "neutral",
        mainFields: ["module", "main"],
        packages: "external",
        external: ["cloudflare:workers"],
        write: false,
      })
      const file = join(folder, `${name}.mjs`)
      writeFileSync(file, outputFiles[0]?.text ?? "")
      return import(/* @vite-ignore */ pathToFileURL(file).href)
    }),
  )
  const [one, two] = bundles
  expect(one.CacheWrapper).not.toBe(two.CacheWrapper)
  expect(one.cached).toBe(two.cached)
  expect(one.cached).toBe(cached)
  expect(Reflect.get(globalThis, Symbol.for("isocache"))).toBe(cached)

  one.cached.use(memory())
  onTestFinished(() => void cached.use("auto"))
  await one.cached.set("a", 1)
  expect(await two.cached.get("a")).toBe(1)
  // A function memoized by one bundle on the cache of the other.
  expect(await two.cached.memoize((n: number) => n * 2, { name: "double" })(2)).toBe(4)
  const error: unknown = await two.cached.get("never", { required: true }).catch((reason: unknown) => reason)
  expect(error).toMatchObject({ name: "CacheError", code: "CACHE_MISS" })
  for (const copy of bundles) {
    expect(error instanceof copy.CacheError).toBe(true)
    expect(new Error("another") instanceof copy.CacheError).toBe(false)
    expect((null as unknown) instanceof copy.CacheError).toBe(false)
    class Own extends (copy.CacheError as typeof CacheError) {}
    expect(error instanceof Own).toBe(false)
    expect(new Own("CLOSED", "over") instanceof one.CacheError).toBe(true)
  }
  // An alias of one bundle is known to the cache of the other.
  two.registerAlias("both know it", () => memory())
  expect(() => new one.CacheWrapper({ adapter: "both know it" })).not.toThrow()
  expect(() => one.cached.use("both know it")).not.toThrow()
})

test("nobody replaces it by mistake, and it shows in no listing of globals", () => {
  expect(() => Object.assign(globalThis, { [Symbol.for("isocache")]: 1 })).toThrow(TypeError)
  expect(Object.getOwnPropertyDescriptor(globalThis, Symbol.for("isocache"))).toMatchObject({
    enumerable: false,
    writable: false,
  })
})

test("where the global object is frozen it can be imported and used, and aliases are known to it", () => {
  const entry = new URL("../../src/index.ts", import.meta.url).href
  const script = `
    Object.freeze(globalThis)
    const { cached, registerAlias } = await import(${JSON.stringify(entry)})
    registerAlias("mine", () => ({ name: "mine", medium: "text", get() {}, set() {}, delete: () => false, clear() {} }))
    cached.use("mine")
    console.log(await cached.getOrSet("k", () => "loaded"), cached.adapter.name)
  `
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
    env: { ...process.env, NODE_OPTIONS: "" },
  })
  expect({ stdout, stderr }).toEqual({ stdout: "loaded mine\n", stderr: "" })
})
