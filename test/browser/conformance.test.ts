import { indexeddb } from "../../adapters/indexeddb.ts"
import { memory } from "../../adapters/memory.ts"
import { suite } from "../conformance/suite.ts"

let databases = 0

suite("memory", [], () => ({ open: () => memory() }))
suite("indexeddb", ["shared", "persistent"], () => {
  const name = `conformance ${databases++}`
  return {
    open: () => indexeddb({ name }),
    remove: () =>
      new Promise((resolve) => {
        const request = indexedDB.deleteDatabase(name)
        // Whatever comes of it: the next case has a database of its own.
        request.onsuccess = request.onerror = request.onblocked = () => resolve()
      }),
  }
})
