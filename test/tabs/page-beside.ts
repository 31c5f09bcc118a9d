// What lives beside a page: a sandboxed frame, a service worker; and what the page itself gets by `auto`.
import { CacheWrapper } from "../../src/index.ts"
import type { Told } from "./frame.ts"
import type { Order } from "./service-worker.ts"

/** What `auto` opens here: the adapter, a value as `peek` knows it, the codes of `error` events. */
export async function auto(): Promise<{ adapter: string; peeked: unknown; errors: readonly string[] }> {
  const cache = new CacheWrapper({ adapter: "auto", storeTimeout: "30s" })
  const errors: string[] = []
  cache.on("error", ({ error }) => errors.push(String(error)))
  await cache.set("k", "kept")
  await cache.get("k")
  const answer = { adapter: cache.adapter.name, peeked: cache.peek("k") ?? null, errors }
  await cache.close()
  return answer
}

/** What caches under `auto` tell out of a sandboxed frame without storage. */
export function sandboxed(): Promise<readonly Told[]> {
  const frame = document.createElement("iframe")
  frame.setAttribute("sandbox", "allow-scripts")
  frame.srcdoc = `<script src="${new URL("/frame.js", location.href)}"></script>`
  const told = new Promise<readonly Told[]>((resolve, reject) => {
    addEventListener("message", ({ source, data }) => {
      if (source !== frame.contentWindow) return
      frame.remove()
      if (Array.isArray(data)) resolve(data)
      else reject(new Error(data))
    })
  })
  document.body.append(frame)
  return told
}

/** Lets the origin's service worker do something; registers it first. */
export async function serviceWorker(order: Order): Promise<unknown> {
  await navigator.serviceWorker.register("/service-worker.js")
  const { active } = await navigator.serviceWorker.ready
  const { port1, port2 } = new MessageChannel()
  const answer = new Promise((resolve, reject) => {
    port1.onmessage = ({ data }) => (data.error === undefined ? resolve(data.answer) : reject(data.error))
  })
  active?.postMessage(order, [port2])
  return (await answer) ?? null
}
