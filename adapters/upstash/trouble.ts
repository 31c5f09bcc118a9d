import { CacheError } from "../../src/base/errors.ts"
import { codeOf, nameOf } from "../../src/base/thrown.ts"

/** Whether the request may have been lost, so that sending it again makes sense. */
export function isNetworkTrouble(error: unknown): boolean {
  return !/^(Upstash.*|(Timeout|Abort|Url)Error)$/.test(nameOf(error))
}

/** The error of a client whose replies differ from those of `@upstash/redis`. */
export function unexpectedAnswer(): Error {
  const error = new Error("unexpected answer")
  error.name = "UpstashAnswerError"
  return error
}

/** Whether the server refused before it ran anything. */
export function isRefusal(error: CacheError): boolean {
  return error.cause instanceof Error && /^(WRONGPASS|NOAUTH|NOPERM)\b/.test(error.cause.message)
}

const tooLarge = /^ERR (max request|max record|max key) size\b/

/**
 * Turns what the client threw into a `CacheError` with the cure; a `CacheError` passes unchanged.
 *
 * The client's messages contain the entire command, values included, and sometimes the url. Only Redis' leading words,
 * or the name and code of a network error, are passed on.
 */
export function explain(error: unknown, name: string): CacheError {
  if (error instanceof CacheError) return error
  const words = redisWords(error)
  const cause = new Error(words ?? networkWords(error))
  const cure = words === undefined ? networkCure(error) : redisCure(words)
  const code = words !== undefined && tooLarge.test(words) ? "VALUE_TOO_LARGE" : "ADAPTER_UNAVAILABLE"
  return new CacheError(code, `${name} ${cure}`, { cause })
}

/** The error code of Redis and the plain words after it; anything that may be quoted from a command is cut off. */
function redisWords(error: unknown): string | undefined {
  // Network errors may begin with a code as well: only a reply, or what the client marks as one, is from Redis.
  const reply = error instanceof Error && error.name === "UpstashError" ? error.message : error
  if (typeof reply !== "string") return undefined
  return /^[A-Z]{3,}(?: [A-Za-z]+)*/.exec(reply)?.[0].slice(0, 80)
}

function redisCure(words: string): string {
  if (/^(WRONGPASS|NOAUTH)/.test(words)) {
    return "refused the token. Check the option token or UPSTASH_REDIS_REST_TOKEN: it must be the one of this url."
  }
  if (words.startsWith("NOPERM")) {
    return `does not permit that command to this token (${words}). Use the standard token, not the read-only one.`
  }
  if (tooLarge.test(words)) {
    return `refuses anything that large (${words}). Store less, or turn on compression.`
  }
  if (/limit|quota|capacity/i.test(words)) {
    return `has no room left in its plan (${words}). Raise the plan, wait, or turn on eviction.`
  }
  return `answered with an error (${words}).`
}

function networkCure(error: unknown): string {
  const name = nameOf(error)
  if (name === "UpstashJSONParseError") {
    return "answered with something that is not JSON: a proxy, or a wrong url. Check UPSTASH_REDIS_REST_URL."
  }
  if (name === "UpstashAnswerError") {
    return "answered in an unknown shape. The option client takes a Redis of @upstash/redis."
  }
  if (name === "UpstashError") return "answered with an error."
  if (name === "TimeoutError") return "did not answer in time."
  return `could not be reached (${networkWords(error)}). Check the url and the network.`
}

/** Name and code of an error and its cause, which quote nothing. */
function networkWords(error: unknown): string {
  const name = nameOf(error) || typeof error
  const code = plainCode(error) ?? plainCode(error instanceof Error ? error.cause : undefined)
  return code === undefined ? name : `${name}, ${code}`
}

function plainCode(error: unknown): string | undefined {
  const code = codeOf(error)
  return typeof code === "string" && /^[A-Z_]+$/.test(code) ? code : undefined
}
