import { RedisReplyError } from "./resp.ts"

/** Largest key, in bytes. */
const mostKey = 32 * 1024
const refused =
  /^(subscribe|psubscribe|ssubscribe|monitor|blpop|brpop|blmove|bzpopmin|bzpopmax|multi|exec|watch|quit|reset|hello)$/i
/** What a read-only token may not run, beside writes. */
const noReader = /^(set|del|unlink|eval|scan|keys|incr|incrby|mset|expire|pexpire|publish)$/i

/** What Upstash says to `command` before Redis sees it: commands it does not have, a reader's token, key sizes. */
export function objection(command: readonly string[], reader: boolean): RedisReplyError | undefined {
  const [name = ""] = command
  if (refused.test(name)) return new RedisReplyError(`ERR Command is not available: '${name}'.`)
  if (reader && noReader.test(name)) {
    return new RedisReplyError(
      `NOPERM this user has no permissions to run the '${name.toLowerCase()}' command`,
    )
  }
  const size = Math.max(0, ...keysOf(command).map((key) => Buffer.byteLength(key)))
  if (size <= mostKey) return undefined
  return new RedisReplyError(`ERR max key size exceeded. Limit: ${mostKey} bytes, Actual: ${size} bytes`)
}

function keysOf([name = "", ...rest]: readonly string[]): readonly string[] {
  if (/^(mget|del|unlink|exists|touch)$/i.test(name)) return rest
  if (/^(eval|evalsha|eval_ro|evalsha_ro)$/i.test(name)) return rest.slice(2, 2 + Number(rest[1]))
  if (/^(scan|keys|ping|echo|publish|info|config|flushdb|flushall|dbsize|script)$/i.test(name)) return []
  return rest.slice(0, 1)
}
