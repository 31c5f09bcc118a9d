import { isA, isObject, isPlain } from "./kind.ts"

/**
 * Removes the credentials of urls from an error or a text. An error without any is returned as it is; otherwise a copy
 * of the same class, with its causes and plain objects cleaned likewise.
 */
export function scrub(error: unknown): unknown {
  try {
    const cleaned = clean(error, 0, new Map())
    // A proxy may throw on any access: better now than where the error is examined later.
    String(cleaned)
    return cleaned
  } catch {
    return new Error("An error that cannot be read.")
  }
}

/** Runs `work`; removes credentials from what it throws. */
export function scrubbed<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw scrub(error)
  }
}

/** `known` maps the objects met so far to their copies. Cycles are cut, as is what is too deep or too large. */
function clean(thing: unknown, depth: number, known: Map<object, unknown>): unknown {
  if (typeof thing === "string") return withoutCredentials(thing)
  if (thing instanceof URL) {
    const text = withoutCredentials(thing.href)
    return text === thing.href ? thing : new URL(text)
  }
  if (!isObject(thing)) return thing
  const isList = Array.isArray(thing)
  // A `fetch` from outside a sandbox throws errors of another realm.
  const isError = isA(thing, "Error")
  if (!isList && !isError && !isPlain(thing)) return thing
  if (known.has(thing)) return known.get(thing)
  if (depth > 8 || known.size > 1000) return undefined
  known.set(thing, undefined)
  // Created as an error, so that it prints like one.
  const copy: object = isList ? [] : isError ? new Error() : {}
  // In a DOMException these are accessors, which fail on a copy.
  const more = isError ? ["name", "message", "code"] : []
  let isClean = true
  for (const name of new Set([...Object.getOwnPropertyNames(thing), ...more])) {
    const value: unknown = Reflect.get(thing, name)
    // The key is the caller's own text.
    const kept = isError && name === "key" ? value : clean(value, depth + 1, known)
    isClean &&= Object.is(kept, value)
    const enumerable = Object.getOwnPropertyDescriptor(thing, name)?.enumerable ?? false
    if (name !== "length") Object.defineProperty(copy, name, { value: kept, enumerable, writable: true })
  }
  // Only now: Safari and Bun generate a stack for the copy before it is replaced.
  if (!isList) Object.setPrototypeOf(copy, Object.getPrototypeOf(thing))
  const result = isClean ? thing : copy
  known.set(thing, result)
  return result
}

/** Checks each word on its own: a password may contain any character but a space, even `/` and `@`. */
function withoutCredentials(text: string): string {
  if (!/\/\/|[?&#]/.test(text)) return text
  return text.replace(/(:\/\/)?((?!:\/\/)\S)+/g, (word) => {
    const from = word.indexOf("//") + 2
    const user = from > 1 ? word.slice(from, Math.max(from, word.lastIndexOf("@") + 1)) : ""
    // The "@" is part of the path: "file:///app/@scope", "https://host.com/react@18".
    const isPath = /^([\w-]+(\.[\w-]+)+)?[/?#]/.test(user)
    const rest = isPath ? word : word.slice(0, from) + word.slice(from + user.length)
    return rest.replace(
      /([?&#][\w-]{0,32}(token|key|secret|pass|password|pwd|auth|sig|signature)=)[^&#]+/gi,
      "$1",
    )
  })
}
