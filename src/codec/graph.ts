import { classNameOf, isPlain } from "../base/kind.ts"
import { copyAgain, maxDepth } from "./clone.ts"
import { holes } from "./holes.ts"
import { errorLike, nativeError } from "./native-errors.ts"

/**
 * A value as JSON of the same shape, with a separate list of leaves for what JSON lacks.
 *
 * An object whose only member is `$` stands for something else: `{"$":3}` for leaf 3, and
 *
 *     {"$":["=",n,x]}      x, which is met again as number n
 *     {"$":["@",n]}        number n again
 *     {"$":["{",k,x,…]}    an object with a member "$" of its own
 *     {"$":["[",l,i,x,…]}  an array of length l with holes
 *     {"$":["M",k,x,…]}    a Map
 *     {"$":["S",x,…]}      a Set
 *     {"$":["C",c,o]}      an instance of the class c with the members of o
 *     {"$":["E",c,m,n,o,x?]} an error of the class c with message m, name n, the members of o and the cause x
 */
export interface Graph {
  readonly tree: unknown
  /** Dates, bytes, bigints, undefined and the like: values without members. */
  readonly leaves: readonly unknown[]
}

/** The prototypes of registered classes, by their names in records. */
export type Classes = ReadonlyMap<string, object>

/**
 * Splits `value` into a tree and its leaves.
 *
 * @param shared - The objects in `value` that are referenced more than once.
 */
export function toGraph(value: unknown, shared: ReadonlySet<object> | undefined, classes: Classes): Graph {
  const leaves: unknown[] = []
  const places = new Map<unknown, number>()
  const numbers = new Map<object, number>()

  const put = (part: unknown): unknown => {
    if (typeof part === "string" || typeof part === "boolean" || part === null) return part
    if (typeof part === "number" && Number.isFinite(part) && !Object.is(part, -0)) return part
    if (typeof part !== "object" || !shared?.has(part)) return body(part)
    const known = numbers.get(part)
    if (known !== undefined) return { $: ["@", known] }
    const number = numbers.size
    numbers.set(part, number)
    return { $: ["=", number, body(part)] }
  }

  const body = (part: unknown): unknown => {
    if (typeof part !== "object" || part === null) return leaf(part)
    if (Array.isArray(part)) return list(part)
    if (isPlain(part)) return Object.hasOwn(part, "$") ? { $: ["{", ...pairs(part)] } : members(part)
    if (part instanceof Map) return { $: ["M", ...[...part].flat().map(put)] }
    if (part instanceof Set) return { $: ["S", ...[...part].map(put)] }
    const proto: object = Object.getPrototypeOf(part)
    const own = [...classes].find(([, known]) => known === proto)?.[0]
    if (part instanceof Error) {
      const error = ["E", own ?? classNameOf(proto), String(part.message), String(part.name), members(part)]
      const cause = Object.getOwnPropertyDescriptor(part, "cause")
      return { $: cause && !cause.enumerable ? [...error, put(cause.value)] : error }
    }
    return own === undefined ? leaf(part) : { $: ["C", own, members(part)] }
  }

  const leaf = (part: unknown): unknown => {
    // A Map finds -0 under 0, but 0 is never a leaf.
    const at = places.get(part) ?? leaves.push(part) - 1
    places.set(part, at)
    return { $: at }
  }

  const list = (part: readonly unknown[]): unknown => {
    const names = Object.keys(part)
    return names.length === part.length ? part.map(put) : { $: ["[", part.length, ...pairs(part)] }
  }

  const pairs = (part: object): unknown[] =>
    Object.entries(part).flatMap(([name, member]) => [name, put(member)])

  // Own members, even "__proto__".
  const members = (part: object): object =>
    Object.fromEntries(Object.entries(part).map(([name, member]) => [name, put(member)]))

  return { tree: put(value), leaves }
}

/**
 * Restores the value that {@link toGraph} split. Reuses the objects of `tree`.
 *
 * @throws {Error} If it is not a graph. A hostile one yields nothing but data: own members and known classes only, no
 * deeper than values may be, and nothing that cannot be copied.
 */
export function fromGraph({ tree, leaves }: Graph, classes: Classes): unknown {
  const met = new Map<unknown, unknown>()
  let depth = 0
  let isOdd = false
  const value = get(tree)
  // With references, holes and errors, a text can describe what cannot be copied: the attempt throws.
  if (isOdd) copyAgain(value)
  return value

  /** @param number - The number that references use for it. */
  function get(part: unknown, number?: unknown): unknown {
    if (typeof part !== "object" || part === null) return part
    depth++
    const got =
      "$" in part && Object.hasOwn(part, "$")
        ? special(Reflect.get(part, "$"), number)
        : within(meet(number, part))
    depth--
    return got
  }

  function within(part: object): object {
    // Arrays and objects are both accessed by name. Only own members are replaced, even "__proto__".
    const members = part as Record<string, unknown>
    if (Array.isArray(part)) {
      for (let at = 0; at < part.length; at++) replace(members, at)
    } else {
      for (const name in members) if (Object.hasOwn(members, name)) replace(members, name)
    }
    return part
  }

  function replace(members: Record<string | number, unknown>, name: string | number): void {
    const member = members[name]
    if (typeof member === "object" && member !== null) members[name] = get(member)
  }

  function special(code: unknown, number: unknown): unknown {
    if (typeof code === "number" && code in leaves) return meet(number, leaves[code])
    if (!Array.isArray(code)) throw new TypeError("no such leaf")
    const [kind, first, second, third, fourth, cause]: unknown[] = code
    switch (kind) {
      case "=": {
        depth-- // The number is no level of the value.
        const got = get(second, first)
        depth++
        return got
      }
      case "@":
        if (!met.has(first)) throw new TypeError("no such object")
        isOdd = true
        return met.get(first)
      case "{":
        return define(meet(number, {}), code.slice(1))
      case "[":
        isOdd = true
        if (code.some((name, at) => at > 1 && at % 2 === 0 && String(Number(name) >>> 0) !== name))
          throw new TypeError("no such element")
        return define(meet(number, holes(Number(first))), code.slice(2))
      case "M": {
        const made = meet(number, new Map())
        for (let at = 1; at < code.length; at += 2) made.set(get(code[at]), get(code[at + 1]))
        return made
      }
      case "S": {
        const made = meet(number, new Set())
        for (const member of code.slice(1)) made.add(get(member))
        return made
      }
      case "C":
        return define(meet(number, Object.create(prototype(first))), Object.entries(Object(second)).flat())
      case "E": {
        isOdd = true
        const made = errorLike({ message: String(second), name: String(third) }, prototype(first))
        define(meet(number, made), Object.entries(Object(fourth)).flat())
        if (code.length > 5) define(made, ["cause", cause], false)
        return made
      }
      default:
        throw new TypeError("no such kind")
    }
  }

  function meet<T>(number: unknown, made: T): T {
    if (depth > maxDepth && Object(made) === made) throw new RangeError("too deep")
    if (number !== undefined) met.set(number, made)
    return made
  }

  function define(made: object, pairs: readonly unknown[], enumerable = true): object {
    for (let at = 0; at < pairs.length; at += 2) {
      const value = get(pairs[at + 1])
      Object.defineProperty(made, String(pairs[at]), {
        value,
        enumerable,
        configurable: true,
        writable: true,
      })
    }
    return made
  }

  function prototype(name: unknown): object {
    const known = classes.get(String(name))
    if (known !== undefined) return known
    const native: unknown = nativeError.test(String(name)) && Reflect.get(globalThis, String(name))
    if (typeof native !== "function") throw new TypeError("no such class")
    return native.prototype
  }
}
