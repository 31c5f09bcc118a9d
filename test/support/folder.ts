import { accessSync, constants, mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/**
 * Makes a folder for files that several processes want at once; in memory, where the system has such a place. On a disk
 * that others keep busy one of them may hold a lock for longer than SQLite waits, and what it is refused is no defect.
 */
export function sharedFolder(name: string): string {
  return mkdtempSync(join(isWritable("/dev/shm") ? "/dev/shm" : tmpdir(), `isocache-${name}-`))
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}
