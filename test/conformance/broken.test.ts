import { expect, test } from "vitest"
import { sqlite } from "../../adapters/sqlite.ts"
import { conformance } from "../../src/conformance.ts"
import { identity } from "../support/adapters.ts"
import { defects } from "./defects.ts"

for (const [defect, law, broken] of defects) {
  test(`the law "${law}" notices: ${defect}`, async () => {
    const found = conformance.find(({ name }) => name === law)
    const open = () => {
      const healthy = sqlite({ path: ":memory:" })
      return { ...identity(healthy), ...broken(healthy) }
    }
    await expect(found?.run(open)).rejects.toThrow(/: /)
  })
}

test("every law has a name of its own", () => {
  const names = conformance.map(({ name }) => name)
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
})
