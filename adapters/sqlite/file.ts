import { now } from "../../src/base/clock.ts"
import { isAllowed } from "../../src/base/environment.ts"
import { codeOf } from "../../src/base/thrown.ts"
import { type Database, type Modules, missingDriver, sleepHere } from "./driver.ts"
import { adopt, busyTimeout } from "./schema.ts"

/** The name of a database in memory. */
export const inMemory = ":memory:"

/**
 * Opens `file`. If missing, it is created, readable by this user only.
 *
 * @param seen - Called with the identity of the opened file, even if opening then fails.
 */
export function openFile(modules: Modules, file: string, seen: (ino: number | undefined) => void): Database {
  for (let left = 5; ; left--) {
    if (file !== inMemory) makeFile(modules, file)
    const ino = inoOf(modules, file)
    seen(ino)
    // It was just removed again: created here, because SQLite would make it readable by others.
    if (ino === undefined && file !== inMemory && left > 0) continue
    const isReplaced = (): boolean => inoOf(modules, file) !== ino
    const db = construct(modules, file)
    try {
      adopt(db, isReplaced)
      return db
    } catch (error) {
      closeQuietly(db)
      if (left === 0 || !isReplaced()) throw error
    }
  }
}

/** Closes a database that is not needed any more. */
export function closeQuietly(db: Database): void {
  try {
    db.close()
  } catch {
    // Already closed, or beyond repair.
  }
}

/** The identity of `file` on disk; `undefined` if there is none. */
export function inoOf({ fs }: Modules, file: string): number | undefined {
  try {
    return file === inMemory ? undefined : fs.statSync(file).ino
  } catch {
    return undefined
  }
}

/**
 * Renames a damaged or foreign file, with its log, to `<file>.corrupt-<ms since epoch>` and returns the new name;
 * `undefined` if `file` is no longer the file `ino`, because another process was faster.
 */
export function setAside(modules: Modules, file: string, ino: number | undefined): string | undefined {
  const { fs } = modules
  const unlock = lockRepair(modules, `${file}.repair`)
  try {
    if (ino === undefined || inoOf(modules, file) !== ino) return undefined
    let aside = `${file}.corrupt-${now()}`
    while (fs.existsSync(aside)) aside += "-"
    // The log first: SQLite would replay a leftover log into the new file.
    for (const end of ["-wal", "-shm", ""]) {
      if (fs.existsSync(file + end)) fs.renameSync(file + end, aside + end)
    }
    return aside
  } finally {
    unlock()
  }
}

function makeFile(modules: Modules, file: string): void {
  const { fs, path } = modules
  for (const right of ["read", "write"] as const) {
    if (!isAllowed(right, path.dirname(file)))
      throw new Error(`no permission to ${right}; run with --allow-${right}`)
  }
  makeFolder(modules, path.dirname(file))
  // Created before SQLite opens it, so that it is never readable by others; the log inherits the mode.
  try {
    // Only a new one: closing a file releases all locks this process has on it, including those of its other handles.
    touch(fs, file, "wx")
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error
    // A dangling link.
    if (!fs.existsSync(file)) touch(fs, file, "a")
  }
}

function touch(fs: Modules["fs"], file: string, flags: string): void {
  fs.closeSync(fs.openSync(file, flags, 0o600))
}

/**
 * Creates a folder and its missing parents. Not Node's recursive mkdir, which never returns in places such as /proc;
 * and upwards only if necessary, because Deno may deny access there.
 */
function makeFolder(modules: Modules, folder: string): void {
  const { fs, path } = modules
  if (fs.existsSync(folder)) return
  try {
    fs.mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    // Another process may have been faster.
    if (fs.existsSync(folder)) return
    const parent = path.dirname(folder)
    if (codeOf(error) !== "ENOENT" || parent === folder || fs.existsSync(parent)) throw error
    makeFolder(modules, parent)
    makeFolder(modules, folder)
  }
}

function construct({ sqlite }: Modules, file: string): Database {
  try {
    return new sqlite.DatabaseSync(file, { timeout: busyTimeout })
  } catch (error) {
    // Workers have the module, but none of its databases.
    throw /illegal constructor/i.test(String(error)) ? missingDriver(error) : error
  }
}

/** Keeps other processes from repairing at the same time. A lock older than ten seconds was left by a dead one. */
function lockRepair({ fs }: Modules, lock: string): () => void {
  for (let left = 2000; ; left -= 20) {
    try {
      touch(fs, lock, "wx")
      return () => fs.rmSync(lock, { force: true })
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error
      if (left <= 0)
        throw new Error("another process repairs it; if that one has died, try again in ten seconds")
      if (isOld(fs, lock)) fs.rmSync(lock, { force: true })
      else sleepHere(20)
    }
  }
}

function isOld(fs: Modules["fs"], lock: string): boolean {
  try {
    return Math.abs(now() - fs.statSync(lock).mtimeMs) > 10_000
  } catch {
    return false
  }
}
