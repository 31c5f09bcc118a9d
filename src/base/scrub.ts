import { isA, isObject, isPlain } from "./kind.ts"

/**
 * An error or a text without the credentials of the urls in it. An error that holds none is answered as it is; of
 * another a copy is made, of the same class, and its causes and plain objects are cleaned like itself.
 */
export function scrub(error: unknown): unknown {
  try {
    const cleaned = clean(error, 0, new Map())
    // A proxy may throw whenever it is looked at: better now than wherever the error is examined later.
    String(cleaned)
    return cleaned
  } catch {
    return new Error("An error that cannot be read.")
  }
}

/** Answers as `work` does, and throws what it throws, without credentials. */
export function scrubbed<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw scrub(error)
  }
}

/** `known` has the objects met so far and their copies. Cycles are cut, and so is what is too deep or too much. */
function clean(thing: unknown, depth: number, known: Map<object, unknown>): unknown {
  if (typeof thing === "string") return withoutCredentials(thing)
  if (thing instanceof URL) {
    const text = withoutCredentials(thing.href)
    return text === thing.href ? thing : new URL(text)
  }
  if (!isObject(thing)) return thing
  const isList = Array.isArray(thing)
  // The errors of a `fetch` that was handed into a sandbox are of another realm.
  const isError = isA(thing, "Error")
  if (!isList && !isError && !isPlain(thing)) return thing
  if (known.has(thing)) return known.get(thing)
  if (depth > 8 || known.size > 1000) return undefined
  known.set(thing, undefined)
  // Made as an error, so that it is printed as one.
  const copy: object = isList ? [] : isError ? new Error() : {}
  // A DOMException has these from accessors, which fail on a copy.
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
  // Only now: Safari and Bun make a stack of the copy before it gets another one.
  if (!isList) Object.setPrototypeOf(copy, Object.getPrototypeOf(thing))
  const result = isClean ? thing : copy
  known.set(thing, result)
  return result
}

/** Judges each word by itself: a password may hold any character but a space, even `/` and `@`. */
function withoutCredentials(text: string): string {
  if (!/\/\/|[?&#]/.test(text)) return text
  return text.replace(/(:\/\/)?((?!:\/\/)\S)+/g, (word) => {
    const from = word.indexOf("//") + 2
    const user = from > 1 ? word.slice(from, Math.max(from, word.lastIndexOf("@") + 1)) : ""
    // The "@" belongs to the path, behind a host or none: "file:///app/@scope", "https://host.com/react@18".
    const isPath = /^([\w-]+(\.[\w-]+)+)?[/?#]/.test(user)
    const rest = isPath ? word : word.slice(0, from) + word.slice(from + user.length)
    return rest.replace(
      /([?&#][\w-]{0,32}(token|key|secret|pass|password|pwd|auth|sig|signature)=)[^&#]+/gi,
      "$1",
    )
  })
}
