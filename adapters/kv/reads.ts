import type { KVFound, KVLike, KVReadOptions } from "./binding.ts"
import { groups, mapConcurrently } from "./concurrency.ts"
import { statusOf } from "./trouble.ts"

/** How many names Workers KV reads in one operation. */
const maxNames = 100

/** Reads `names`, a hundred different ones per operation. Rejects if one read fails. */
export async function readMany(
  namespace: KVLike,
  names: readonly string[],
  reading: KVReadOptions,
): Promise<ReadonlyMap<string, KVFound>> {
  const all = new Map<string, KVFound>()
  await mapConcurrently(groups([...new Set(names)], maxNames), (group) =>
    readGroup(namespace, group, reading, all),
  )
  return all
}

async function readGroup(
  namespace: KVLike,
  names: string[],
  reading: KVReadOptions,
  into: Map<string, KVFound>,
): Promise<void> {
  try {
    const answer = names.length > 1 ? await namespace.getWithMetadata(names, reading) : undefined
    for (const name of names) {
      const found = answer ? answer.get(name) : await namespace.getWithMetadata(name, reading)
      if (found) into.set(name, found)
    }
  } catch (error) {
    // One operation returns up to 25 MiB; more is read in two halves.
    if (statusOf(error) !== 413 || names.length === 1) throw error
    const half = Math.ceil(names.length / 2)
    for (const part of groups(names, half)) await readGroup(namespace, part, reading, into)
  }
}
