import type { Lease } from "../../src/adapter.ts"
import { keepAlive } from "../../src/base/alive.ts"
import { getCommand, releaseCommand, setCommand } from "./commands.ts"
import { leaseOf } from "./keys.ts"
import { isOurs, newNonce } from "./nonces.ts"
import { type Reply, resultOf } from "./requests.ts"
import type { Turns } from "./turns.ts"

/**
 * Takes the lease of `key` for `ttl` ms; `undefined` while another holder has it.
 *
 * If the reply is lost, it asks once more. If the owner stays unknown, the lease is released in the background before
 * the error is thrown: it may have been taken after all, and would block others for its whole ttl.
 */
export async function takeLease(send: Turns["send"], key: string, ttl: number): Promise<Lease | undefined> {
  const owner = `~${newNonce()}`
  const take = (): Promise<readonly Reply[]> =>
    send([key], (at) => [
      setCommand(leaseOf(at(key)), owner, ttl, { absent: true, once: true }),
      { ...getCommand(leaseOf(at(key))), again: 0 },
    ])
  const release = async (): Promise<void> => {
    for (const reply of await send([key], (at) => [releaseCommand(leaseOf(at(key)), owner)])) resultOf(reply)
  }
  let [put, found] = await take()
  const mayBeTaken = put?.error !== undefined && put.lost
  // A second request reveals the owner, because it uses the same one.
  if (mayBeTaken) [put, found] = await take()
  try {
    if (!isOurs(put, found, owner)) return undefined
  } catch (error) {
    if (mayBeTaken) keepAlive(release())
    throw error
  }
  let released: Promise<void> | undefined
  return {
    release: () => {
      released ??= release()
      return released
    },
  }
}
