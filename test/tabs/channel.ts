// The site that the tabs are of, and a line to each of them: the page asks what to do and posts what came of it.
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import type { Verbs } from "./page.ts"

/** A line to one tab. */
export interface Line {
  readonly url: string
  /** Fulfils once the page is there. */
  readonly ready: Promise<void>
  /** Calls a verb in the page. Rejects when it throws there; of a page that is gone there may be no answer. */
  run<V extends keyof Verbs>(verb: V, ...args: Parameters<Verbs[V]>): Promise<Awaited<ReturnType<Verbs[V]>>>
}

/** The site. */
export interface Site {
  /** A line to a tab that is to open its `url`. */
  line(): Line
  close(): Promise<void>
}

interface Waiting {
  resolve(value: unknown): void
  reject(error: unknown): void
}

/** What the site knows of a tab. */
interface Tab {
  commands: { id: number; verb: string; args: readonly unknown[] }[]
  readonly waiting: Map<number, Waiting>
  /** Its question what to do, while there is nothing. */
  idle: ServerResponse | undefined
  arrived(): void
}

/** Bundles the page, and what lives beside it, from the sources and serves them on localhost. */
export async function openSite(): Promise<Site> {
  const scripts = new Map<string, string>()
  for (const name of ["page", "frame", "service-worker"]) scripts.set(`/${name}.js`, await bundle(name))
  const tabs = new Map<string, Tab>()
  let asked = 0

  const server = createServer((request, response) => {
    const { pathname, search } = new URL(request.url ?? "/", "http://site")
    const tab = tabs.get(search)
    const script = scripts.get(pathname)
    if (script !== undefined) send(response, "text/javascript", script)
    else if (pathname === "/next" && tab) next(tab, response)
    else if (pathname === "/answer" && tab) answer(tab, request, response)
    else if (pathname === "/clear") send(response, "text/plain", "", { "clear-site-data": '"storage"' })
    else
      send(
        response,
        "text/html",
        '<!doctype html><title>tab</title><script type="module" src="/page.js"></script>',
      )
  })
  // A connection that ends while it is being used again would cost an answer.
  server.keepAliveTimeout = 0
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve))
  const { port } = server.address() as AddressInfo // It listens on TCP.

  return {
    line() {
      const search = `?tab=${tabs.size + 1}`
      let arrived = () => {}
      const ready = new Promise<void>((resolve) => {
        arrived = resolve
      })
      const tab: Tab = { commands: [], waiting: new Map(), idle: undefined, arrived }
      tabs.set(search, tab)
      return {
        url: `http://localhost:${port}/${search}`,
        ready,
        run: (verb, ...args) =>
          new Promise((resolve, reject) => {
            const id = ++asked
            // What the page answers is what the verb returns there, through JSON.
            tab.waiting.set(id, { resolve: resolve as (value: unknown) => void, reject })
            tab.commands.push({ id, verb, args })
            flush(tab)
          }),
      }
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

function next(tab: Tab, response: ServerResponse): void {
  tab.arrived()
  tab.idle = response
  flush(tab)
}

function flush(tab: Tab): void {
  if (!tab.idle || tab.commands.length === 0) return
  const response = tab.idle
  tab.idle = undefined
  send(response, "application/json", JSON.stringify(tab.commands.splice(0)))
}

async function answer(tab: Tab, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let text = ""
  for await (const chunk of request) text += chunk
  const { id, value, error } = JSON.parse(text)
  const waiting = tab.waiting.get(id)
  tab.waiting.delete(id)
  if (error === undefined) waiting?.resolve(value)
  else waiting?.reject(new Error(error))
  send(response, "text/plain", "")
}

function send(response: ServerResponse, type: string, body: string, more: OutgoingHttpHeaders = {}): void {
  const head = { "content-type": `${type}; charset=utf-8`, "cache-control": "no-store", ...more }
  response.writeHead(200, head)
  response.end(body)
}

/** One file for all: a service worker may not import, a sandboxed frame may fetch nothing but classic scripts. */
async function bundle(name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`${name}.ts`, import.meta.url))],
    bundle: true,
    write: false,
    format: name === "page" ? "esm" : "iife",
    platform: "browser",
    target: "es2022",
    logLevel: "silent",
  })
  return outputFiles[0]?.text ?? ""
}
