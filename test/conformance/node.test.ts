import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { memory } from "../../adapters/memory.ts"
import { none } from "../../adapters/none.ts"
import { sqlite } from "../../adapters/sqlite.ts"
import { custom, identity, type Shelf } from "../support/adapters.ts"
import { type Storage, suite } from "./suite.ts"

suite("memory", [], () => ({ open: () => memory() }))
suite("memory, lru", [], () => ({ open: () => memory({ policy: "lru" }) }))
suite("memory, copy none", [], () => ({ open: () => memory({ copy: "none" }) }))
suite("sqlite, a file", ["shared", "persistent"], file)
suite("sqlite, in memory", [], () => ({ open: () => sqlite({ path: ":memory:" }) }))
suite("none", ["forgets"], () => ({ open: () => none() }))

// Two proxies over one adapter are two handles on one storage.
suite("identity over memory", ["shared"], () => {
  const adapter = memory()
  return { open: () => identity(adapter) }
})
suite("identity over sqlite", ["shared", "persistent"], () => {
  const { open, ...storage } = file()
  return { ...storage, open: async () => identity(await open()) }
})
suite("identity over none", ["forgets"], () => ({ open: () => identity(none()) }))

for (const medium of ["object", "bytes", "text"] as const) {
  for (const when of ["sync", "async"] as const) {
    suite(`a custom adapter of medium ${medium}, ${when}`, ["shared", "persistent"], () => {
      const shelf: Shelf = new Map()
      return { open: () => custom(medium, when, shelf) }
    })
  }
}

function file(): Storage {
  const folder = mkdtempSync(join(tmpdir(), "isocache-conformance-"))
  return {
    open: () => sqlite({ path: join(folder, "cache.sqlite") }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
