import { isA, isPlain } from "./kind.ts"

/**
 * An error, or text, without the credentials of the urls in it: the very one where there are none, else a copy of its
 * class, with the chain of its causes and the plain objects in it.
 */
export function scrub(error: unknown): unknown {
  try {
    const cleaned = clean(error, 0, new Map())
    // What throws when it is looked at, as proxies may, would do so wherever errors are told apart.
    String(cleaned)
    return cleaned
  } catch {
    return new Error("An error that cannot be read.")
  }
}

/** As `work` answers; what it throws loses the credentials in it. */
export function scrubbed<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw scrub(error)
  }
}

/** `known` is what has been met, each walked once. What is too deep, too much, or bites its tail, is cut. */
function clean(thing: unknown, depth: number, known: Map<object, unknown>): unknown {
  if (typeof thing === "string") return withoutCredentials(thing)
  if (thing instanceof URL) {
    const text = withoutCredentials(thing.href)
    return text === thing.href ? thing : new URL(text)
  }
  if (typeof thing !== "object" || thing === null) return thing
  const isList = Array.isArray(thing)
  // Where others give the sandbox its `fetch`, errors are of another realm.
  const isError = isA(thing, "Error")
  if (!isList && !isError && !isPlain(thing)) return thing
  if (known.has(thing)) return known.get(thing)
  if (depth > 8 || known.size > 1000) return undefined
  known.set(thing, undefined)
  // An error by birth, so that whoever prints it sees one; errors of the platform answer these by its inside.
  const copy: object = isList
    ? []
    : Object.setPrototypeOf(isError ? new Error() : {}, Object.getPrototypeOf(thing))
  const more = isError ? ["name", "message", "code"] : []
  let isClean = true
  for (const name of new Set([...Object.getOwnPropertyNames(thing), ...more])) {
    const value: unknown = Reflect.get(thing, name)
    // The key it happened to is its caller's own word.
    const kept = isError && name === "key" ? value : clean(value, depth + 1, known)
    isClean &&= Object.is(kept, value)
    const enumerable = Object.getOwnPropertyDescriptor(thing, name)?.enumerable ?? false
    if (name !== "length") Object.defineProperty(copy, name, { value: kept, enumerable, writable: true })
  }
  const result = isClean ? thing : copy
  known.set(thing, result)
  return result
}

/** Urls are judged alone: a password may hold any sign but a space, `/` and `@` among them. */
function withoutCredentials(text: string): string {
  if (!/\/\/|[?&#]/.test(text)) return text
  return text.replace(/(:\/\/)?((?!:\/\/)\S)+/g, (word) => {
    const from = word.indexOf("//") + 2
    const user = from > 1 ? word.slice(from, Math.max(from, word.lastIndexOf("@") + 1)) : ""
    // A host, or none, and then a path: "file:///app/@scope", "https://host.com/react@18".
    const isPath = /^([\w-]+(\.[\w-]+)+)?[/?#]/.test(user)
    const rest = isPath ? word : word.slice(0, from) + word.slice(from + user.length)
    return rest.replace(
      /([?&#][\w-]{0,32}(token|key|secret|pass|password|pwd|auth|sig|signature)=)[^&#]+/gi,
      "$1",
    )
  })
}
