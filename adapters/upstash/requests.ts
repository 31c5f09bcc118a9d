import { utf8Length } from "../../src/base/bytes.ts"
import { now, sleep } from "../../src/base/clock.ts"
import type { CacheError } from "../../src/base/errors.ts"
import { isObject } from "../../src/base/kind.ts"
import type { Connection, RedisPipeline } from "./client.ts"
import { explain, isNetworkTrouble, isRefusal, unexpectedAnswer } from "./trouble.ts"

/** One command of a pipeline. */
export interface Command {
  /** Its maximum size in the request. */
  readonly bytes: number
  /** For how many ms it may be sent again when its reply was lost; 0 for never. Default: always. */
  readonly again?: number
  add(pipeline: RedisPipeline): unknown
}

/** The outcome of a command. `lost`: it is unknown whether Redis ran it. */
export type Reply =
  | { readonly result: unknown; readonly error?: undefined }
  | { readonly error: CacheError; readonly lost: boolean }

/** The largest request in Upstash, in bytes. */
export const maxBytes = 10_000_000
/** The most commands of one pipeline. */
const maxCommands = 1_000
/** The pause before each attempt at a request that the network loses, in ms. */
export const pauses: readonly number[] = [0, 50, 150]
/**
 * How long a write may be sent again, in ms: well before its caller is told that it failed. A later one would overwrite
 * what others have written since.
 */
export const firstSecond = 1_000

/** The result of a command; throws its error. */
export function resultOf(reply: Reply | undefined): unknown {
  if (reply?.error !== undefined) throw reply.error
  return reply?.result
}

/**
 * Runs `commands` in order, in one request if 10 MB and 1 000 commands suffice. Never rejects: each command has its own
 * reply, and after a failed request no further one is sent.
 */
export async function request(
  connect: () => Promise<Connection>,
  commands: readonly Command[],
): Promise<readonly Reply[]> {
  const replies: Reply[] = []
  const began = now()
  let failure: Reply | undefined
  try {
    const connection = await connect()
    for (const part of parts(commands)) {
      const answer = await exchange(connection, part, began)
      replies.push(...answer.replies)
      failure = answer.failure
      if (failure !== undefined) break
    }
  } catch (error) {
    failure = failed(error, "Upstash")
  }
  if (failure !== undefined) while (replies.length < commands.length) replies.push(failure)
  return replies
}

/** The bytes of `text` as JSON in UTF-8: exact where it matters, otherwise never too few. */
export function jsonBytes(text: string): number {
  return text.length < 1_000 ? text.length * 6 + 3 : utf8Length(JSON.stringify(text)) + 1
}

/** One request, sent again if the network fails, without the commands that must not be repeated. */
async function exchange(
  connection: Connection,
  commands: readonly Command[],
  began: number,
): Promise<{ readonly replies: readonly Reply[]; readonly failure?: Reply }> {
  const replies = new Map<Command, Reply>()
  let rest = commands
  let failure: Reply | undefined
  for (const pause of pauses.slice(0, connection.attempts)) {
    if (pause > 0) await sleep(pause)
    try {
      const results = await send(connection, rest)
      for (const [i, command] of rest.entries()) replies.set(command, toReply(results[i], connection.name))
      failure = undefined
      break
    } catch (error) {
      failure = failed(error, connection.name)
      for (const command of rest) replies.set(command, failure)
      const age = Math.abs(now() - began)
      rest = isNetworkTrouble(error) ? rest.filter(({ again = Infinity }) => age < again) : []
      if (rest.length === 0) break
    }
  }
  const inOrder = commands.flatMap((command) => replies.get(command) ?? [])
  return failure === undefined ? { replies: inOrder } : { replies: inOrder, failure }
}

async function send(connection: Connection, commands: readonly Command[]): Promise<readonly unknown[]> {
  const pipeline = connection.client.pipeline()
  for (const command of commands) command.add(pipeline)
  const results = await pipeline.exec({ keepErrors: true })
  if (Array.isArray(results) && results.length === commands.length) return results
  throw unexpectedAnswer()
}

function toReply(item: unknown, name: string): Reply {
  if (!isObject(item) || !("result" in item || "error" in item)) {
    return { error: explain(unexpectedAnswer(), name), lost: true }
  }
  if ("error" in item && item.error !== undefined && item.error !== null) {
    return { error: explain(item.error, name), lost: false }
  }
  return { result: "result" in item ? item.result : undefined }
}

function failed(error: unknown, name: string): Reply {
  const explained = explain(error, name)
  return { error: explained, lost: !isRefusal(explained) }
}

function* parts(commands: readonly Command[]): Iterable<readonly Command[]> {
  let part: Command[] = []
  let bytes = 2
  for (const command of commands) {
    if (part.length > 0 && (part.length === maxCommands || bytes + command.bytes > maxBytes)) {
      yield part
      part = []
      bytes = 2
    }
    part.push(command)
    bytes += command.bytes
  }
  if (part.length > 0) yield part
}
