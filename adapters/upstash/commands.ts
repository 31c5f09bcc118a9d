import { CacheError, shortKey } from "../../src/base/errors.ts"
import { type Command, firstSecond, jsonBytes, maxBytes } from "./requests.ts"

/** The overhead of a command besides its key and value, in bytes: brackets, its name, its options. */
const overhead = 64
/** Redis stores times in 64 bits, compatible servers count nanoseconds: a hundred years fit everywhere. */
const maxTtl = 100 * 365 * 86_400_000
/** The most keys of one DEL. */
const maxKeys = 1_000
const compareAndDelete =
  'if redis.call("get",KEYS[1])==ARGV[1] then return redis.call("del",KEYS[1]) end return 0'

/** `SET`, for `ttl` ms; with `absent` only if the key is absent, with `once` never sent a second time. */
export function setCommand(
  at: string,
  value: string,
  ttl: number,
  how: { readonly absent?: boolean; readonly once?: boolean } = {},
): Command {
  const px = ttl === Infinity ? undefined : Math.min(Math.max(1, Math.ceil(ttl)), maxTtl)
  return {
    bytes: jsonBytes(at) + jsonBytes(value) + overhead,
    again: how.once ? 0 : firstSecond,
    add(pipeline) {
      if (how.absent) pipeline.set(at, value, px === undefined ? { nx: true } : { nx: true, px })
      else if (px === undefined) pipeline.set(at, value)
      else pipeline.set(at, value, { px })
    },
  }
}

/** `MGET` of one key, for commands that compare. */
export function getCommand(at: string): Command {
  return { bytes: jsonBytes(at) + overhead, add: (pipeline) => pipeline.mget(at) }
}

/** `DEL` of `keys`, in as few commands as possible. */
export function deleteCommands(keys: Iterable<string>): readonly Command[] {
  const commands: Command[] = []
  let chunk: string[] = []
  let bytes = overhead
  const close = (): void => {
    const [keys, size] = [chunk, bytes]
    if (keys.length > 0)
      commands.push({ bytes: size, again: firstSecond, add: (pipeline) => pipeline.del(...keys) })
    chunk = []
    bytes = overhead
  }
  for (const key of keys) {
    const size = jsonBytes(key)
    if (chunk.length === maxKeys || bytes + size > maxBytes / 10) close()
    chunk.push(key)
    bytes += size
  }
  close()
  return commands
}

/** Deletes the key `at` if its value is still `value`, atomically. */
export function releaseCommand(at: string, value: string): Command {
  return {
    bytes: jsonBytes(at) + jsonBytes(value) + jsonBytes(compareAndDelete) + overhead,
    add: (pipeline) => pipeline.eval(compareAndDelete, [at], [value]),
  }
}

/** Checks the database and the token. */
export function pingCommand(): Command {
  return { bytes: overhead, add: (pipeline) => pipeline.ping() }
}

/**
 * Throws if `command` alone exceeds a request.
 *
 * @throws {CacheError} `VALUE_TOO_LARGE`, with the limit.
 */
export function checkSize(key: string, command: Command): Command {
  if (command.bytes + 2 <= maxBytes) return command
  const size = (command.bytes / 1e6).toFixed(1)
  throw new CacheError(
    "VALUE_TOO_LARGE",
    `The record of ${shortKey(key)} makes a request of ${size} MB, and Upstash takes ${maxBytes / 1e6} MB. Store less under one key, or turn on compression.`,
    { key },
  )
}
