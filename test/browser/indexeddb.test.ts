import { expect, onTestFinished, test, vi } from "vitest"
import { server } from "vitest/browser"
import { indexeddb } from "../../adapters/indexeddb.ts"
import type { Adapter } from "../../src/adapter.ts"

const engine: string = server.browser

function fresh(): { readonly name: string; readonly adapter: Adapter } {
  const name = `test ${Math.random()}`
  const adapter = indexeddb({ name })
  onTestFinished(async () => {
    await adapter.close?.()
    indexedDB.deleteDatabase(name)
  })
  return { name, adapter }
}

interface Answer {
  readonly answer?: unknown
  readonly failed?: string
  readonly code?: string
  readonly failures: readonly string[]
}

/** A frame that runs the adapter too, in place of another tab. */
async function frame(sandbox?: string): Promise<(...command: unknown[]) => Promise<Answer>> {
  const element = document.createElement("iframe")
  if (sandbox !== undefined) element.setAttribute("sandbox", sandbox)
  const url = new URL("./indexeddb.frame.ts", import.meta.url).href
  element.srcdoc = `<script type="module" src="${sandbox === undefined ? url : await inlined(url)}"></script>`
  const ready = new Promise<void>((resolve) => {
    const heard = (event: MessageEvent) => {
      if (event.source !== element.contentWindow || event.data !== "frame is ready") return
      removeEventListener("message", heard)
      resolve()
    }
    addEventListener("message", heard)
  })
  document.body.append(element)
  onTestFinished(() => element.remove())
  await ready
  return (...command) =>
    new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = ({ data }) => resolve(data)
      element.contentWindow?.postMessage(command, "*", [port2])
    })
}

/** A module with all its imports as a data: URL: a sandboxed frame has an origin that may fetch nothing else. */
async function inlined(url: string): Promise<string> {
  let text = await (await fetch(url)).text()
  for (const [, path] of [...text.matchAll(/\b(?:from|import)\s*"([^"]+)"/g)]) {
    if (path) text = text.replaceAll(`"${path}"`, `"${await inlined(new URL(path, url).href)}"`)
  }
  return `data:text/javascript,${encodeURIComponent(text.replace(/^\/\/# source.*$/gm, ""))}`
}

async function keysOf(adapter: Adapter, prefix = ""): Promise<string[]> {
  const keys: string[] = []
  for await (const key of adapter.keys?.(prefix) ?? []) keys.push(key)
  return keys
}

test("structured values come back as they are", async () => {
  const { adapter } = fresh()
  const value = {
    map: new Map([[{ a: 1 }, new Set([1n])]]),
    date: new Date(Number.NaN),
    bytes: new Float64Array([-0, Number.NaN]),
    pattern: /x/gi,
    missing: undefined,
    error: new RangeError("r"),
  }
  await adapter.set("k", value, Infinity)
  expect(await adapter.get("k")).toEqual(value)
})

test("1 000 sets at once are one transaction, 1 000 gets a handful", async () => {
  const { adapter } = fresh()
  await adapter.set("first", 1, Infinity)
  await adapter.get("first")
  const begun = vi.spyOn(IDBDatabase.prototype, "transaction")
  onTestFinished(() => begun.mockRestore())
  const names = Array.from({ length: 1_000 }, (_, i) => `k${i}`)
  await Promise.all(names.map((name, i) => adapter.set(name, i, Infinity)))
  expect(begun.mock.calls.map(([, mode]) => mode)).toEqual(["readwrite"])
  begun.mockClear()
  expect(await Promise.all(names.map((name) => adapter.get(name)))).toEqual(names.map((_, i) => i))
  expect(begun.mock.calls.length).toBeLessThanOrEqual(16)
})

test("keys are ordered and cut by UTF-16 code units in every engine", async () => {
  const { adapter } = fresh()
  const names = [
    "",
    "\ud83d\ude00",
    "\ud83d",
    "\ud83e",
    "\ue000",
    "\uffff",
    "\uffff\uffff",
    "a\uffff",
    "a\uffffz",
    "b",
  ]
  await adapter.setMany?.(names.map((name) => [name, name, Infinity]))
  expect(await keysOf(adapter)).toEqual([...names].sort())
  for (const prefix of ["\ud83d", "\uffff", "a\uffff"]) {
    expect(await keysOf(adapter, prefix)).toEqual(names.filter((name) => name.startsWith(prefix)).sort())
  }
})

test("another tab sees what was written, and what it clears is gone here", async () => {
  const { name, adapter } = fresh()
  const other = await frame()
  await adapter.set("a", { from: "here" }, Infinity)
  await other("open", name)
  expect(await other("get", "a")).toMatchObject({ answer: { from: "here" } })
  await other("set", "b", { from: "there" })
  expect(await adapter.get("b")).toEqual({ from: "there" })
  expect(await keysOf(adapter)).toEqual(["a", "b"])
  expect(await other("clear", "a")).toMatchObject({ failures: [] })
  expect(await keysOf(adapter)).toEqual(["b"])
  await other("close")
})

test("another tab may delete the database while it is open here", async () => {
  const { name, adapter } = fresh()
  const other = await frame()
  await adapter.set("k", 1, Infinity)
  expect(await other("remove", name)).toMatchObject({ answer: "done" })
  expect(await adapter.get("k")).toBeUndefined()
  await adapter.set("k", 2, Infinity)
  expect(await adapter.get("k")).toBe(2)
})

test("another tab may upgrade the database while it is open here: memory stands in", async () => {
  const { name, adapter } = fresh()
  const events: unknown[] = []
  adapter.observe?.((event) => events.push(event))
  const other = await frame()
  await adapter.set("k", 1, Infinity)
  expect(await other("upgrade", name)).toMatchObject({ answer: "done" })
  await adapter.set("k", 2, Infinity)
  expect(await adapter.get("k")).toBe(2)
  expect(events).toMatchObject([{ type: "error", error: { code: "ADAPTER_UNAVAILABLE" } }])
})

test("a page that is busy for longer than an opening may take opens all the same", async () => {
  const { adapter } = fresh()
  const block = (ms: number) => {
    const until = performance.now() + ms
    while (performance.now() < until);
  }
  const busy = setInterval(block, 0, 600)
  onTestFinished(() => clearInterval(busy))
  const got = adapter.get("k")
  block(3_500)
  expect(await got).toBeUndefined()
})

test("a database that a page opened, and left empty, is told of with the cure, and does after that", async () => {
  const { name, adapter } = fresh()
  const request = indexedDB.open(name)
  await new Promise((resolve) => Object.assign(request, { onsuccess: resolve }))
  request.result.close()
  const refusal = /it holds no cache\. Delete it/
  await expect(adapter.get("k")).rejects.toThrow(refusal)
  await expect(adapter.set("k", 1, 1_000)).rejects.toThrow(refusal)
  await new Promise((resolve) => Object.assign(indexedDB.deleteDatabase(name), { onsuccess: resolve }))
  await adapter.set("k", 1, 1_000)
  expect(await adapter.get("k")).toBe(1)
})

test("in a sandboxed frame every call rejects with the cure, and nothing is left uncaught", async () => {
  const other = await frame("allow-scripts")
  for (const command of [
    ["open", "x"],
    ["get", "k"],
    ["set", "k", 1],
    ["clear", ""],
  ]) {
    const { code, failed, failures } = await other(...command)
    expect({ code, failures }).toEqual({ code: "ADAPTER_UNAVAILABLE", failures: [] })
    expect(failed).toMatch(/may not use storage.*"memory"/)
  }
})

test("a lease holds across tabs, and ends with the tab that has it", async () => {
  const { name, adapter } = fresh()
  const other = await frame()
  await other("open", name)
  expect(await other("lock", "k")).toMatchObject({ answer: true })
  expect(await adapter.lock?.("k", 1_000)).toBeUndefined()
  await other("release")
  const lease = await adapter.lock?.("k", 1_000)
  expect(lease).toBeDefined()
  expect(await other("lock", "k")).toMatchObject({ answer: false })
  await lease?.release()
  expect(await other("lock", "k")).toMatchObject({ answer: true })
  document.querySelector("iframe")?.remove()
  await vi.waitFor(async () => expect(await adapter.lock?.("k", 10)).toBeDefined(), 5_000)
})

test("a worker works on the same database, and respects the page's lease", async () => {
  const { name, adapter } = fresh()
  await adapter.set("page", { from: "page" }, Infinity)
  const lease = await adapter.lock?.("held by the page", 60_000)
  const worker = new Worker(new URL("./indexeddb.worker.ts", import.meta.url), { type: "module" })
  onTestFinished(() => worker.terminate())
  expect(await ask(worker, name)).toEqual({
    before: { from: "page" },
    lease: false,
    scope: "DedicatedWorkerGlobalScope",
  })
  expect(await adapter.get("worker")).toEqual(new Map([["from", "worker"]]))
  await lease?.release()
})

// Firefox ESR has no service workers that are modules. Those of one file run in every engine: test/tabs/beside.test.ts.
test.skipIf(engine === "firefox")("a service worker works on the same database", async () => {
  const { name, adapter } = fresh()
  await adapter.set("page", 1, Infinity)
  const url = new URL("./indexeddb.worker.ts", import.meta.url)
  const registration = await navigator.serviceWorker.register(url, { type: "module" })
  onTestFinished(() => void registration.unregister())
  const worker = registration.installing ?? registration.waiting ?? registration.active
  if (!worker) throw new Error("no service worker")
  await vi.waitFor(() => expect(worker.state).toBe("activated"), 10_000)
  expect(await ask(worker, name)).toEqual({ before: 1, lease: true, scope: "ServiceWorkerGlobalScope" })
  expect(await adapter.get("worker")).toEqual(new Map([["from", "worker"]]))
})

function ask(worker: Worker | ServiceWorker, name: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = ({ data }) => resolve(data)
    if (worker instanceof Worker) worker.onerror = (event) => reject(new Error(event.message))
    worker.postMessage({ name, port: port2 }, [port2])
  })
}
