// Another tab: a frame of the same origin that does what it is told, one message at a time.
import { indexeddb } from "../../adapters/indexeddb.ts"
import type { Adapter, Lease } from "../../src/adapter.ts"

let adapter: Adapter | undefined
let lease: Lease | undefined

const commands: Record<string, (...args: never[]) => unknown> = {
  open: (name: string) => {
    adapter = indexeddb({ name })
    return adapter.open?.()
  },
  get: (key: string) => adapter?.get(key),
  set: (key: string, record: unknown) => adapter?.set(key, record, Infinity),
  clear: (prefix: string) => adapter?.clear(prefix),
  close: () => adapter?.close?.(),
  lock: async (key: string) => {
    lease = await adapter?.lock?.(key, 60_000)
    return lease !== undefined
  },
  release: () => lease?.release(),
  remove: (name: string) => settled(indexedDB.deleteDatabase(name)),
  upgrade: (name: string) => settled(indexedDB.open(name, 2)),
}

function settled(request: IDBOpenDBRequest): Promise<string> {
  return new Promise((resolve) => {
    request.onsuccess = () => resolve("done")
    request.onblocked = () => resolve("blocked")
    request.onerror = () => resolve(String(request.error?.name))
  })
}

const failures: string[] = []
addEventListener("error", (event) => failures.push(event.message))
addEventListener("unhandledrejection", (event) => failures.push(String(event.reason)))

addEventListener("message", async ({ data, ports: [port] }) => {
  const [command, ...args] = data
  try {
    const answer = await commands[command]?.(...(args as never[])) // As the test wrote it.
    port?.postMessage({ answer, failures })
  } catch (error) {
    const code: unknown = error instanceof Error && "code" in error ? error.code : undefined
    port?.postMessage({ failed: String(error), code, failures })
  }
})

parent.postMessage("frame is ready", "*")
