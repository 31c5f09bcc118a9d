import { sleep } from "../../src/base/clock.ts"
import type { Connection } from "./client.ts"
import { keyAt, patternOf } from "./keys.ts"
import { pauses } from "./requests.ts"
import { explain, isNetworkTrouble, unexpectedAnswer } from "./trouble.ts"

/** A key that SCAN found, and its Redis key. Of a hashed one only the start is known. */
export interface Found {
  readonly at: string
  readonly key: string
  readonly hashed: boolean
}

/** How many keys one SCAN examines, at first and at most. */
const [fewest, most] = [1_000, 32_000]
/** A reply shorter than this, in characters, may be followed by one four times as long. */
const shortAnswer = 100_000

/** The keys that may begin with `prefix`, page by page. SCAN repeats some. */
export async function* scan(
  connect: () => Promise<Connection>,
  prefix: string,
): AsyncIterable<readonly Found[]> {
  const connection = await connect()
  const match = patternOf(prefix)
  let cursor = "0"
  let count = fewest
  do {
    const answer = await page(connection, cursor, { match, count })
    cursor = answer.cursor
    // SCAN also examines foreign keys, and omits them: if there are many, a larger count saves requests.
    if (answer.keys.join("").length < shortAnswer) count = Math.min(count * 4, most)
    yield answer.keys.flatMap((at) => {
      const found = keyAt(at)
      return found !== undefined && mayBegin(found, prefix) ? { at, ...found } : []
    })
  } while (cursor !== "0")
}

/** One page, requested again if the network loses it. */
async function page(
  { client, name, attempts }: Connection,
  cursor: string,
  options: { match: string; count: number },
): Promise<{ readonly cursor: string; readonly keys: readonly string[] }> {
  for (let attempt = 1; ; attempt++) {
    try {
      const answer = await client.scan(cursor, options)
      if (!Array.isArray(answer) || !Array.isArray(answer[1])) throw unexpectedAnswer()
      // A client that parses replies turns the cursor into a number.
      return { cursor: String(answer[0]), keys: answer[1].filter((key) => typeof key === "string") }
    } catch (error) {
      if (attempt >= attempts || !isNetworkTrouble(error)) throw explain(error, name)
    }
    await sleep(pauses[attempt] ?? 0)
  }
}

function mayBegin({ key, hashed }: { key: string; hashed: boolean }, prefix: string): boolean {
  return key.startsWith(prefix) || (hashed && prefix.startsWith(key))
}
