import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { root } from "../../tools/scripts/run.ts"

const read = (file: string) => readFileSync(join(root, file), "utf8")

test("the page of errors has every code, and no other", () => {
  const [, union = ""] = /type CacheErrorCode =([\s\S]*?)\n\n/.exec(read("src/base/errors.ts")) ?? []
  const codes = [...union.matchAll(/\| "(\w+)"/g)].map(([, code]) => code)
  const told = [...read("docs/errors.md").matchAll(/^\| `(\w+)` \|/gm)].map(([, code]) => code)
  expect(codes).toContain("CACHE_MISS")
  expect(told.sort()).toEqual(codes.sort())
})
