// Where the browsers that Debian packages are on this machine.
import { existsSync } from "node:fs"

export const engineNames = ["chromium", "firefox", "webkit", "webkit-private"] as const
export type Engine = (typeof engineNames)[number]

/** Where each engine is on this machine; undefined where it isn't. */
export function findEngines(): Record<Engine, string | undefined> {
  const webkit = display() ? miniBrowser() : undefined
  return {
    chromium: first(process.env["CHROMIUM_BIN"], "/usr/bin/chromium", "/usr/bin/google-chrome"),
    firefox: first(process.env["FIREFOX_BIN"], "/usr/bin/firefox-esr", "/usr/bin/firefox"),
    webkit,
    "webkit-private": webkit,
  }
}

/** WebKitGTK's MiniBrowser needs a screen: the one there is, or Xvfb's. */
function display(): boolean {
  return Boolean(process.env["DISPLAY"] || (first("/usr/bin/Xvfb") && first("/usr/bin/xkbcomp")))
}

function miniBrowser(): string | undefined {
  return first(
    process.env["MINIBROWSER_BIN"],
    "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser",
    "/usr/lib/aarch64-linux-gnu/webkit2gtk-4.1/MiniBrowser",
  )
}

function first(...paths: (string | undefined)[]): string | undefined {
  return paths.find((path) => path && existsSync(path))
}
