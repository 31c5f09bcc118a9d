// What the tests need beside npm's packages, and how a Debian machine gets it.
import { existsSync } from "node:fs"
import { findEngines } from "../../test/browser/installed.ts"
import { type Count, one } from "./count.ts"
import { run } from "./run.ts"

const needs: readonly { what: string; debian: string; here: () => boolean }[] = [
  { what: "Chromium", debian: "chromium", here: () => Boolean(findEngines().chromium) },
  { what: "Firefox", debian: "firefox-esr", here: () => Boolean(findEngines().firefox) },
  {
    what: "WebKit",
    debian: "libwebkit2gtk-4.1-0 xvfb x11-xkb-utils",
    here: () => Boolean(findEngines().webkit),
  },
  {
    what: "WebKit's driver",
    debian: "webkit2gtk-driver",
    here: () => existsSync(process.env["WEBKIT_DRIVER_BIN"] ?? "/usr/bin/WebKitWebDriver"),
  },
  { what: "Redis", debian: "redis-server", here: () => onPath("redis-server") },
]

/** Installs by apt what is missing, where it may. What stays missing is left out, with a line; in CI it fails. */
export async function prepareMachine(): Promise<Count> {
  const before = missing()
  if (before.length === 0) return one(true)
  const root = process.getuid?.() === 0
  if (root && existsSync("/usr/bin/apt-get")) {
    const packages = before.flatMap((need) => need.debian.split(" "))
    console.log(`installing ${packages.join(" ")}`)
    const env = { DEBIAN_FRONTEND: "noninteractive" }
    // --reinstall: Xvfb's xkbcomp was seen missing although its package counted as installed.
    const install = ["install", "-y", "-qq", "--no-install-recommends", "--reinstall", ...packages]
    for (const args of [["update", "-qq"], install]) {
      const { ok, output } = await run("apt-get", args, { env, quiet: true })
      if (!ok) console.log(output)
    }
  }
  const after = missing()
  if (after.length === 0) return one(true)
  for (const need of after) {
    console.log(`LEFT OUT: tests that need ${need.what}. Install it: apt-get install ${need.debian}`)
  }
  return inCI()
    ? { passed: 0, failed: after.length, skipped: 0 }
    : { passed: 1, failed: 0, skipped: after.length }
}

/** In CI nothing may be left out. */
export function inCI(): boolean {
  return Boolean(process.env["CI"])
}

function missing(): typeof needs {
  return needs.filter((need) => !need.here())
}

function onPath(name: string): boolean {
  return (process.env["PATH"] ?? "").split(":").some((folder) => existsSync(`${folder}/${name}`))
}
