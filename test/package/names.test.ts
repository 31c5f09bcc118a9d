import { join } from "node:path"
import { inspect } from "node:util"
import { expect, test } from "vitest"
import { installed } from "./entries.ts"

test.each(["index", "core"])(
  "a log calls errors and caches by their names, as the build of %s has them",
  async (entry) => {
    const { CacheError, CacheWrapper } = await import(/* @vite-ignore */ join(installed, `dist/${entry}.js`))
    expect(CacheError.name).toBe("CacheError")
    expect(inspect(new CacheError("CLOSED", "over"))).toMatch(/^CacheError: over/)
    const cache = new CacheWrapper()
    expect([inspect(cache), inspect(cache.region("users"))]).toEqual(["CacheWrapper {}", "Region {}"])
  },
)
