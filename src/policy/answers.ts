// What a fallback of many keys may return, and which caller gets which part of it.
import { CacheError } from "../base/errors.ts"
import { isA, isObject } from "../base/kind.ts"
import { canonical, type KeyLike } from "../key.ts"
import type { LoadContext } from "./context.ts"

/** The result of a fallback of many keys: values in the order of the keys, or by key. */
export type ManyResult<V> = readonly V[] | ReadonlyMap<unknown, V> | { readonly [key: string]: V }

/** A missing key and the caller that waits for its value. */
export interface Asked {
  readonly key: KeyLike
  readonly context: LoadContext
  readonly resolve: (value: unknown) => void
}

/** Gives each of `asked` its part of `result`. @throws {CacheError} `FALLBACK_RESULT` for a wrong shape or length. */
export function hand(asked: readonly Asked[], result: unknown): void {
  if (Array.isArray(result)) {
    if (result.length !== asked.length) {
      throw wrong(`an array of ${result.length} values for ${asked.length} missing keys`)
    }
    for (const [i, { resolve }] of asked.entries()) resolve(result[i])
    return
  }
  if (result === undefined || result === null) throw wrong(String(result))
  if (typeof result !== "object") throw wrong(`a ${typeof result}`)
  if (!isA(result, "Map") && Symbol.iterator in result) throw wrong("what has no keys")
  const find = finderIn(
    result as ReadonlyMap<unknown, unknown> | Readonly<Record<string, unknown>>, // Checked above: one or the other.
    asked.map(({ key }) => key),
  )
  for (const { key, context, resolve } of asked) {
    const found = find(key, context.key)
    if (!found) context.skip()
    resolve(found?.value)
  }
}

/**
 * Returns a function that looks up values by key in a fallback's result, a Map or a record.
 *
 * A key matches itself or its `name`; a primitive also matches its text, so that 42 finds "42" (but not in a Map if
 * "42" is `asked` for as well); segments and other objects match by their canonical text.
 */
export function finderIn<V>(
  result: ReadonlyMap<unknown, V> | { readonly [key: string]: V },
  asked: readonly unknown[],
): (key: unknown, name?: unknown) => { readonly value: V } | undefined {
  const values: ReadonlyMap<unknown, V> = isA(result, "Map") ? result : new Map(Object.entries(result))
  const others = new Set(values === result ? asked : [])
  let byText: Map<string, V> | undefined
  return (key, name = key) => {
    const isSimple = !isObject(key)
    // The value may be `undefined`, so test with `has`.
    const known = [key, name]
    if (isSimple && !others.has(String(key))) known.push(String(key))
    for (const one of known) if (values.has(one)) return { value: values.get(one) as V } // `has` says so.
    if (isSimple) return undefined
    byText ??= new Map([...values].flatMap(([key, value]) => textsOf(key).map((text) => [text, value])))
    const text = textsOf(key).find((text) => byText?.has(text))
    return text === undefined ? undefined : { value: byText.get(text) as V }
  }
}

/** The canonical text of an object as a list; empty if it has none. */
function textsOf(key: unknown): string[] {
  if (!isObject(key)) return []
  try {
    return [canonical(key)]
  } catch {
    return []
  }
}

function wrong(what: string): CacheError {
  return new CacheError(
    "FALLBACK_RESULT",
    `The fallback of many keys returned ${what}. Return an array in the order of the missing keys, a Map, or a record.`,
  )
}
