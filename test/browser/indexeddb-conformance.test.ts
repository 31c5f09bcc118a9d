import { indexeddb } from "../../adapters/indexeddb.ts"
import { suite } from "../conformance/suite.ts"

let count = 0

suite("indexeddb", ["shared", "persistent"], () => {
  const name = `conformance-${count++}-${Math.random()}`
  return {
    open: () => indexeddb({ name }),
    remove: () => void indexedDB.deleteDatabase(name),
  }
})
