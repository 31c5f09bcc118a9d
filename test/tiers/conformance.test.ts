import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { memory } from "../../adapters/memory.ts"
import { sqlite } from "../../adapters/sqlite.ts"
import { tiered } from "../../src/tiers.ts"
import { suite } from "../conformance/suite.ts"
import { custom, type Shelf } from "../support/adapters.ts"

suite("memory over memory", [], () => ({ open: () => tiered({ near: memory(), far: memory() }) }))
suite("memory over memory, copy none", [], () => ({
  open: () => tiered({ near: memory({ copy: "none" }), far: memory() }),
}))
suite("memory over sqlite", ["persistent"], () => {
  const folder = mkdtempSync(join(tmpdir(), "isocache-tiers-"))
  const path = join(folder, "cache.sqlite")
  return {
    open: () => tiered({ near: memory(), far: sqlite({ path }) }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
})
suite("memory over memory over texts, three tiers", ["persistent"], () => {
  const shelf: Shelf = new Map()
  const inner = () => tiered({ near: memory(), far: custom("text", "async", shelf) })
  return { open: () => tiered({ near: memory({ maxEntries: 5 }), far: inner() }) }
})
suite("texts over bytes", ["persistent"], () => {
  const shelf: Shelf = new Map()
  return { open: () => tiered({ near: custom("text", "async"), far: custom("bytes", "async", shelf) }) }
})
suite("objects over objects that nobody keeps for good", ["persistent"], () => {
  const shelf: Shelf = new Map()
  return { open: () => tiered({ near: custom("object", "sync"), far: custom("object", "async", shelf) }) }
})
