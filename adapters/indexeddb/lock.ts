import type { Lease } from "../../src/adapter.ts"
import { sha256 } from "../../src/base/bytes.ts"
import { after } from "../../src/base/clock.ts"
import { unref } from "../../src/base/unref.ts"

/** The longest lock name that WebKit supports. */
const maxName = 1_024

/** Whether this runtime has Web Locks. Browsers require a secure context. */
export function hasLocks(): boolean {
  return typeof globalThis.navigator?.locks?.request === "function"
}

/**
 * Takes the lease on `key` across all tabs and workers of the origin; `undefined` while another holder has it.
 *
 * It ends by `release`, after `ttl` ms, or with the page that holds it.
 */
export async function lock(database: string, key: string, ttl: number): Promise<Lease | undefined> {
  // Chromium gives a prerendered page no lock before it is shown, which may never happen: it loads without one.
  if (Reflect.get(globalThis.document ?? {}, "prerendering") === true) return { release() {} }
  const name = await nameFor(database, key)
  return new Promise((resolve, reject) => {
    const over: Promise<unknown> = navigator.locks.request(name, { ifAvailable: true }, (held) => {
      if (!held) {
        resolve(undefined)
        return
      }
      return new Promise<void>((end) => {
        const cancel = after(ttl, end, unref)
        resolve({
          async release() {
            cancel()
            end()
            // Resolves when the browser has released it, so that the next request gets it.
            await over.catch(() => {})
          },
        })
      })
    })
    over.catch(reject)
  })
}

async function nameFor(database: string, key: string): Promise<string> {
  // JSON escapes lone surrogates, so that two keys never share a lock.
  const name = `isocache:${JSON.stringify([database, key])}`
  if (name.length <= maxName) return name
  return `isocache#${await sha256(name)}`
}
