// The browsers that Debian packages, opened on a page.
//   chromium, firefox  through puppeteer-core (CDP, WebDriver BiDi): no driver binary, no download
//   webkit             WebKitGTK's MiniBrowser, merely opened on the page under Xvfb: no driver either.
//                      (WebKitWebDriver works too, but its automation sessions are ephemeral: no Blob in
//                      IndexedDB, no OPFS. That is what webkit-private is for.)
import { spawn } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Engine, findEngines } from "./installed.ts"

/** A browser of its own, with a fresh profile. */
export interface Opened {
  open(url: string): Promise<void>
  close(): Promise<void>
}

/** What Chromium is started with, wherever these tests start one. */
export const chromiumFlags: readonly string[] = [
  "--no-sandbox", // root, as in most containers
  "--disable-gpu",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
]

/** The environment of a WebKit that keeps all it has below the folder `home`, on the display `screen`. */
export function webkitEnvironment(home: string, screen: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    DISPLAY: screen,
    HOME: home,
    XDG_DATA_HOME: join(home, "data"),
    XDG_CACHE_HOME: join(home, "cache"),
    XDG_CONFIG_HOME: join(home, "config"),
    NO_AT_BRIDGE: "1",
    GIO_USE_VFS: "local",
  }
}

/** Starts `engine`; the page comes with `open`. Rejects where it is not installed. */
export async function openEngine(engine: Engine): Promise<Opened> {
  const path = findEngines()[engine]
  if (!path) throw new Error(`${engine} is not installed`)
  return engine === "chromium" || engine === "firefox"
    ? openPuppeteer(engine === "chromium" ? "chrome" : "firefox", path)
    : openMiniBrowser(path, engine === "webkit-private")
}

async function openPuppeteer(browser: "chrome" | "firefox", executablePath: string): Promise<Opened> {
  const { default: puppeteer } = await import("puppeteer-core")
  const b = await puppeteer.launch({
    browser,
    executablePath,
    headless: true,
    args: browser === "chrome" ? [...chromiumFlags] : [],
  })
  return {
    async open(url) {
      const page = await b.newPage()
      await page.goto(url, { timeout: 0, waitUntil: "domcontentloaded" })
    },
    close: () => b.close(),
  }
}

/** Xvfb on a display of its own choosing; nothing to do where there is a display already. */
export async function display(): Promise<{ name: string; stop(): void }> {
  if (process.env["DISPLAY"]) return { name: process.env["DISPLAY"], stop() {} }
  const x = spawn("Xvfb", ["-displayfd", "3", "-screen", "0", "1280x800x24", "-nolisten", "tcp"], {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  })
  let err = ""
  x.stderr?.on("data", (d) => (err += d))
  const n = await new Promise<string>((resolve, reject) => {
    let out = ""
    x.stdio[3]?.on("data", (d) => {
      out += d
      if (out.endsWith("\n")) resolve(out.trim())
    })
    x.once("error", reject)
    x.once("exit", () => reject(new Error(`Xvfb did not start: ${err}`)))
  })
  return { name: `:${n}`, stop: () => void x.kill() }
}

async function openMiniBrowser(path: string, isPrivate: boolean): Promise<Opened> {
  const screen = await display()
  const home = await mkdtemp(join(tmpdir(), "minibrowser-"))
  let running: ReturnType<typeof spawn> | undefined
  return {
    async open(url) {
      running?.kill()
      running = spawn(
        path,
        [
          // On in Safari, off by default in WebKitGTK's own build of 2.50.
          "--features=StorageAPI,StorageAPIEstimate,FileSystem,AccessHandle,FileSystemWritableStream",
          ...(isPrivate ? ["--private"] : []),
          url,
        ],
        { stdio: "ignore", env: webkitEnvironment(home, screen.name) },
      )
    },
    async close() {
      if (running) {
        const gone = new Promise((r) => running?.once("exit", r))
        running.kill()
        await gone
      }
      screen.stop()
      await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    },
  }
}
