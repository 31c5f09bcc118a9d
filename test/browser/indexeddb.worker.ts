// Runs the adapter in whatever worker this is: takes a database's name, answers what it saw.
import { indexeddb } from "../../adapters/indexeddb.ts"

addEventListener("message", (event) => {
  const { name, port } = event.data
  work(name).then(
    (answer) => port.postMessage(answer),
    (error: unknown) => port.postMessage({ failed: String(error) }),
  )
})

async function work(name: string): Promise<unknown> {
  const adapter = indexeddb({ name })
  const before = await adapter.get("page")
  await adapter.set("worker", new Map([["from", "worker"]]), Infinity)
  const lease = await adapter.lock?.("held by the page", 1_000)
  await adapter.close?.()
  return { before, lease: lease !== undefined, scope: globalThis.constructor.name }
}
