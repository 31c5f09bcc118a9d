import { type Adapter, inStep } from "../adapter.ts"
import { attempt, hush } from "../base/awaitable.ts"
import { soon } from "../base/clock.ts"
import { toToken } from "./tokens.ts"

/** The reads of one turn. */
interface Turn {
  /** Each token by its key. */
  readonly tokens: Map<string, Promise<string>>
  /** The results for callers that passed this very array of keys. */
  readonly all: Map<readonly string[], Promise<readonly string[]>>
}

/** Reads tokens asynchronously: each once per turn, those of one caller in one batched read. */
export class TokenReads {
  readonly #adapter: Adapter
  #turn: Turn | undefined

  constructor(adapter: Adapter) {
    this.#adapter = adapter
  }

  /** The tokens at `keys`, `""` for an absent one. The record of `known` has already been requested. */
  read(
    keys: readonly string[],
    known?: readonly [key: string, record: Promise<unknown>],
  ): Promise<readonly string[]> {
    this.#turn ??= this.#openTurn()
    const { tokens: turn, all } = this.#turn
    const same = all.get(keys)
    if (same && !known) return same
    if (known) turn.set(known[0], attempt(() => known[1]).then(toToken))
    const missing = [...new Set(keys)].filter((key) => !turn.has(key))
    if (this.#adapter.getMany && missing.length > 1) {
      const records = attempt(() => this.#adapter.getMany?.(missing) ?? [])
      for (const [i, key] of missing.entries())
        turn.set(
          key,
          records.then((all) => toToken(inStep(missing, all)[i])),
        )
    } else {
      for (const key of missing) turn.set(key, attempt(() => this.#adapter.get(key)).then(toToken))
    }
    const together = Promise.all(keys.map((key) => turn.get(key) ?? ""))
    hush(together) // Its callers handle the rejection, unless another of their reads fails first.
    all.set(keys, together)
    return together
  }

  #openTurn(): Turn {
    soon(() => {
      this.#turn = undefined
    })
    return { tokens: new Map(), all: new Map() }
  }
}
