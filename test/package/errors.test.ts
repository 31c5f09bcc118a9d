import { join } from "node:path"
import { inspect } from "node:util"
import { expect, test } from "vitest"
import { installed } from "./entries.ts"

test("a log calls the error by its name, as the build has it", async () => {
  const { CacheError } = await import(/* @vite-ignore */ join(installed, "dist/index.js"))
  expect(CacheError.name).toBe("CacheError")
  expect(inspect(new CacheError("CLOSED", "over"))).toMatch(/^CacheError: over/)
})
