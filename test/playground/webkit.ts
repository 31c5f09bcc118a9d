// WebKitGTK's MiniBrowser, by the W3C WebDriver protocol.
import { type ChildProcess, spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { display, webkitEnvironment } from "../browser/open.ts"
import type { Driven } from "./puppets.ts"
import type { Key, Tab } from "./visit.ts"

/** Debian's package webkit2gtk-driver. */
const driver = process.env["WEBKIT_DRIVER_BIN"] ?? "/usr/bin/WebKitWebDriver"

/** Whether this machine has the driver. */
export const hasWebKitDriver: boolean = existsSync(driver)

const keys: Readonly<Record<Key, string>> = {
  Tab: "\ue004",
  Enter: "\ue007",
  End: "\ue010",
  ArrowRight: "\ue014",
}

/** Starts MiniBrowser at `binary` under its driver, on the screen there is or on one of Xvfb's. */
export async function driveWebKit(binary: string): Promise<Driven> {
  const screen = await display()
  const home = await mkdtemp(join(tmpdir(), "webdriver-"))
  const port = await freePort()
  const running = spawn(driver, [`--port=${port}`, "--host=127.0.0.1"], {
    stdio: "ignore",
    env: {
      ...webkitEnvironment(home, screen.name),
      // Without a graphics card frames would come once a second.
      WEBKIT_DISABLE_DMABUF_RENDERER: "1",
    },
  })
  const server = `http://127.0.0.1:${port}`
  await answering(server)
  const browser = { binary, args: ["--automation"] }
  const { sessionId } = (await ask(server, "POST", "/session", {
    capabilities: { alwaysMatch: { "webkitgtk:browserOptions": browser } },
  })) as { sessionId: string } // The protocol says so.
  const session = `${server}/session/${sessionId}`
  // It stays open, so that there is always one to open another from.
  const first = await ask(session, "GET", "/window")

  // A session has one window at a time: commands for another one wait their turn.
  let last: Promise<unknown> = Promise.resolve()
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = last.then(work, work)
    last = turn.catch(() => {})
    return turn
  }

  return {
    async open(url) {
      const handle = await inTurn(async () => {
        await ask(session, "POST", "/window", { handle: first })
        const made = (await ask(session, "POST", "/window/new", { type: "window" })) as { handle: string } // As above.
        await ask(session, "POST", "/window", { handle: made.handle })
        await ask(session, "POST", "/window/rect", { width: 1280, height: 980 })
        await ask(session, "POST", "/url", { url })
        return made.handle
      })
      return tabOf(session, (work) =>
        inTurn(async () => {
          await ask(session, "POST", "/window", { handle })
          return work()
        }),
      )
    },
    async close() {
      await inTurn(() => ask(session, "DELETE", ""))
      await ended(running)
      screen.stop()
      await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    },
  }
}

function tabOf(session: string, inWindow: <T>(work: () => Promise<T>) => Promise<T>): Tab {
  return {
    run: <A extends readonly unknown[], R>(read: (...args: A) => R | Promise<R>, ...args: A) =>
      inWindow(async () => {
        const script = `const done = arguments[arguments.length - 1]
          new Promise((resolve) => resolve((${read})(...[...arguments].slice(0, -1))))
            .then((value) => done({ value }), (error) => done({ error: String(error) }))`
        const answer = await ask(session, "POST", "/execute/async", { script, args })
        // The shape is the script's own, the value's type the function's.
        const { value, error } = answer as { value: R; error?: string }
        if (error !== undefined) throw new Error(error)
        return value
      }),
    click: (selector) =>
      inWindow(async () => {
        const script = `return arguments[0].split(" >>> ").reduce((place, step, at) =>
          (at ? place?.shadowRoot : place)?.querySelector(step), document) ?? null`
        const found = await ask(session, "POST", "/execute/sync", { script, args: [selector] })
        if (found === null) throw new Error(`The page has no ${selector}`)
        await ask(session, "POST", `/element/${Object.values(found as object)[0]}/click`, {}) // An element's only member.
      }),
    press: (key) =>
      inWindow(async () => {
        const actions = ["keyDown", "keyUp"].map((type) => ({ type, value: keys[key] }))
        await ask(session, "POST", "/actions", { actions: [{ type: "key", id: "keyboard", actions }] })
      }),
    close: () => inWindow(async () => void (await ask(session, "DELETE", "/window"))),
  }
}

async function ask(base: string, method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${base}${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const { value } = (await response.json()) as { value: unknown } // Every answer of the protocol has one.
  if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(value)}`)
  return value
}

async function answering(server: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await ask(server, "GET", "/status")
      return
    } catch (error) {
      if (attempt === 100) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" ? (address?.port ?? 0) : 0))
    })
  })
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once("exit", () => resolve())
    child.kill()
  })
}
