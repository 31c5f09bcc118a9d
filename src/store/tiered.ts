import { type Adapter, type Awaitable, isToken, type Serializer, type Stored } from "../adapter.ts"
import { isPromise, then } from "../base/awaitable.ts"
import { type Duration, parseDuration } from "../base/duration.ts"
import type { CodecOptions } from "../codec/codec.ts"
import { checkAdapter } from "../proxies/delegate.ts"
import { checkNames } from "../proxies/options.ts"
import type { Bus } from "./bus.ts"
import { Coder, type Opened } from "./coder.ts"
import { Fences } from "./fences.ts"
import { Messages } from "./messages.ts"
import { Shelf } from "./shelf.ts"
import { Tokens } from "./tokens.ts"
import { Writes } from "./writes.ts"

/** Options of {@link tiered}. */
export interface TieredOptions {
  /** What is asked first, such as `memory()`. */
  readonly near: Adapter
  /** Where entries live; it may itself be tiered. */
  readonly far: Adapter
  /** Tells other near tiers over the same storage what to drop. Default none. */
  readonly bus?: Bus | undefined
  /**
   * How long the near tier may differ from what others wrote. Default 5 seconds; unlimited with a bus that loses
   * nothing.
   */
  readonly maxAge?: Duration | undefined
  /** For what JSON would lose, in tiers that do not keep objects. Default superjson. */
  readonly serializer?: Serializer | undefined
  /** Compress the records of such tiers, and of `far` in any case. Default off. */
  readonly compress?: CodecOptions["compress"]
  /** Encrypt the records of such tiers, and of `far` in any case. Default off. */
  readonly encrypt?: CodecOptions["encrypt"]
  /** Hears of trouble that is no caller's: a near tier that fails, a record that cannot be read. */
  readonly onTrouble?: ((error: unknown) => void) | undefined
}

const names = ["near", "far", "bus", "maxAge", "serializer", "compress", "encrypt", "onTrouble"]
const defaultAge = 5000

/**
 * Puts one adapter in front of another: an adapter again, with the name and the abilities of `far`.
 *
 * Near answers at once what it has; what it lacks comes from far and stays near for what is left of its life, `maxAge`
 * at most. Writes go to far first; while one is under way, and when it fails, near has nothing of its key. Near may
 * fail without harm. Version tokens of far are remembered as long. What near evicts is lost to nobody and not told.
 *
 * A near tier that keeps objects holds the very object, any other one and far hold its encoded record.
 *
 * @throws {CacheError} `ADAPTER_OPTIONS`, `TTL_INVALID` for options that make no sense.
 */
export function tiered(options: TieredOptions): Adapter {
  checkNames("tiered()", options, names)
  const { near, far, bus, serializer, compress, encrypt, onTrouble } = options
  checkAdapter(near, "tiered({ near })")
  checkAdapter(far, "tiered({ far })")
  const maxAge = parseDuration(options.maxAge ?? (bus && bus.lossy !== true ? Number.POSITIVE_INFINITY : defaultAge))
  const report = (error: unknown): void => onTrouble?.(error)
  const codec: CodecOptions = { serializer, compress, encrypt, onTrouble }
  const keepsObjects = near.medium === "object" && (near.copy === "clone" || near.copy === "none")

  const coder = new Coder(far, codec)
  const nearCoder = keepsObjects ? undefined : new Coder(near, codec)
  const shelf = new Shelf(near, maxAge, nearCoder, report)
  const tokens = new Tokens(maxAge)
  const fences = new Fences()
  const messages = new Messages(bus, { shelf, tokens, fences })
  const writes = new Writes({ shelf, tokens, fences, messages })
  /** Reads of tokens under way, for all who ask meanwhile. On Workers a request must not wait for another's. */
  const asked = new Map<string, Promise<Stored | undefined>>()
  const sharesReads = !("WebSocketPair" in globalThis)
  /** Whether far has answered at once so far. */
  let isPrompt = false

  function get(key: string): Awaitable<Stored | undefined> {
    if (isToken(key)) return tokenAt(key)
    const copy = shelf.get(key)
    if (isPromise(copy)) return copy.then((late) => late ?? fromFar(key, far.get(key)))
    return copy ?? ask(key)
  }

  function tokenAt(key: string): Awaitable<Stored | undefined> {
    const token = tokens.get(key)
    if (token !== undefined) return token === "" ? undefined : token
    const running = asked.get(key)
    if (running) return running
    const answer = ask(key)
    if (!isPromise(answer) || !sharesReads) return answer
    asked.set(key, answer)
    const over = (): void => {
      if (asked.get(key) === answer) asked.delete(key)
    }
    answer.then(over, over)
    return answer
  }

  function ask(key: string): Awaitable<Stored | undefined> {
    messages.listen()
    const ticket = fences.begin(key, false)
    let opened: Awaitable<Opened | undefined>
    try {
      opened = then(farGet(key), (stored) => coder.decode(key, stored))
    } catch (error) {
      fences.end(ticket)
      throw error
    }
  }
  return {} as Adapter
}
