import { currentProcess, isAllowed, variable } from "../../src/base/environment.ts"
import { CacheError } from "../../src/base/errors.ts"
import type { Modules } from "./driver.ts"

/** The version of the tables' format. Part of the default file's name, so that releases coexist. */
export const formatVersion = 1

/**
 * The cache file of this project: in `ISOCACHE_DIR`, else in `isocache` in the platform's cache folder of the user. It
 * is named after the project's root, the nearest folder upwards that contains a package.json or deno.json.
 *
 * @throws {CacheError} `ADAPTER_UNAVAILABLE` if there is no such folder.
 */
export function defaultFile(modules: Modules): string {
  const { path, crypto } = modules
  const root = projectRoot(modules)
  const hash = crypto.createHash("sha256").update(root).digest("hex").slice(0, 16)
  const name = path
    .basename(root)
    .replace(/[^\w.-]+/g, "_")
    .slice(0, 40)
  return path.join(cacheFolder(modules), `${name || "root"}-${hash}.v${formatVersion}.sqlite`)
}

function projectRoot({ fs, path }: Modules): string {
  const start = workingFolder()
  if (start === undefined) throw noFolder("the working folder cannot be read")
  for (let folder = start; ; folder = path.dirname(folder)) {
    const marks = ["package.json", "deno.json", "deno.jsonc"].map((name) => path.join(folder, name))
    if (marks.some((file) => isAllowed("read", file) && fs.existsSync(file))) return folder
    if (path.dirname(folder) === folder) return start
  }
}

function workingFolder(): string | undefined {
  try {
    return isAllowed("read", ".") ? currentProcess().cwd?.() : undefined
  } catch {
    return undefined // It was deleted.
  }
}

function cacheFolder({ os, path }: Modules): string {
  const own = variable("ISOCACHE_DIR")
  if (own !== undefined) return path.resolve(own)
  const home = (): string => {
    const found = variable("HOME") ?? (isAllowed("sys", "homedir") ? knownHome(os) : undefined)
    if (!found) throw noFolder("the user has no home folder")
    return found
  }
  const platform = currentProcess().platform
  if (platform === "darwin") return path.join(home(), "Library", "Caches", "isocache")
  if (platform === "win32") {
    const local = variable("LOCALAPPDATA") ?? path.join(variable("USERPROFILE") ?? home(), "AppData", "Local")
    return path.join(local, "isocache")
  }
  const shared = variable("XDG_CACHE_HOME")
  // The XDG Base Directory specification says to ignore relative paths.
  return path.join(shared?.startsWith("/") ? shared : path.join(home(), ".cache"), "isocache")
}

/** The home folder according to the system. In a container the user may be a mere number, unknown to the system. */
function knownHome(os: Modules["os"]): string | null | undefined {
  try {
    return os.homedir()
  } catch {
    return undefined
  }
}

function noFolder(why: string): CacheError {
  return new CacheError(
    "ADAPTER_UNAVAILABLE",
    `No folder for the cache file: ${why}. Set ISOCACHE_DIR, or give sqlite({ path }).`,
  )
}
