import { now } from "../../src/base/clock.ts"
import type { KVLike, KVListed, KVPage, KVReadOptions } from "./binding.ts"
import { keyIn, namePrefix } from "./names.ts"
import { readMany } from "./reads.ts"
import { isAlive, keyOf, metadataOf } from "./records.ts"
import { explain } from "./trouble.ts"

/** A record of this library as a listing shows it. */
export interface Listed {
  readonly name: string
  /** Omitted if it is in the value and is not needed. */
  readonly key: string | undefined
  readonly alive: boolean
}

/**
 * Lists the records whose keys start with `prefix`, page by page.
 *
 * A record is read if its key is neither in its name nor in its metadata.
 *
 * @param whole - Whether every key is needed. Otherwise only those that cannot be compared by their names.
 */
export async function* listed(
  namespace: KVLike,
  prefix: string,
  reading: KVReadOptions,
  whole: boolean,
): AsyncGenerator<Listed[], void, undefined> {
  for await (const page of pages(namespace, namePrefix(prefix))) {
    const rows = page.map((row) => rowOf(row, prefix))
    const open = rows.filter((row) => row.inValue && (whole || !row.matches)).map((row) => row.name)
    const found = await readMany(namespace, open, reading).catch((error) => {
      throw explain(error, "list")
    })
    yield rows
      .map((row) => {
        const value = found.get(row.name)
        if (!value) return row
        const key = keyOf(value.value ?? undefined, metadataOf(value.metadata))
        return { ...row, key, matches: key?.startsWith(prefix) ?? row.matches }
      })
      .filter((row) => row.matches)
  }
}

interface Row extends Listed {
  /** Whether the key starts with the prefix, as far as known. */
  readonly matches: boolean
  /** Whether the key is in the value. */
  readonly inValue: boolean
}

function rowOf(row: KVListed, prefix: string): Row {
  const metadata = metadataOf(row.metadata)
  const parsed = keyIn(row.name)
  const key = "key" in parsed ? parsed.key : keyOf(undefined, metadata)
  const inValue = !("key" in parsed) && metadata.k === 1
  // A hashed name contains the start of the key.
  const matches = (key ?? ("head" in parsed ? parsed.head : "")).startsWith(prefix)
  return { name: row.name, key, alive: isAlive(metadata, now()), matches, inValue }
}

async function* pages(
  namespace: KVLike,
  prefix: string,
): AsyncGenerator<readonly KVListed[], void, undefined> {
  let cursor: string | undefined
  do {
    const page: KVPage = await namespace
      .list(cursor === undefined ? { prefix } : { prefix, cursor })
      .catch((error) => {
        throw explain(error, "list")
      })
    yield page.keys
    cursor = page.list_complete ? undefined : page.cursor
  } while (cursor !== undefined)
}
