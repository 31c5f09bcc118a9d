import { CacheError, shortKey } from "../base/errors.ts"
import { classNameOf, isObject, isPlain, kindOf } from "../base/kind.ts"
import { holes, isDense } from "./holes.ts"
import { errorLike, nativeError } from "./native-errors.ts"
import { pathText } from "./path.ts"

/** A copy, and what was found out while making it. */
export interface Copied {
  readonly value: unknown
  /** The objects of the copy that are referenced more than once; absent for a tree. */
  readonly shared?: ReadonlySet<object>
  /** Whether it contains anything but plain objects and arrays. */
  readonly rare: boolean
  /** Whether structured clone would lose part of it in some engine. */
  readonly odd: boolean
}

/** Whether a serializer keeps instances of this object's class. */
export type Keeps = (instance: object) => boolean

/**
 * Copies `value` deeply, and ensures that every storage can keep it.
 *
 * Cycles and shared references are preserved. Getters become values, a Node `Buffer` becomes a `Uint8Array`, and an
 * object without prototype becomes a plain one. An array keeps its elements and holes but no named properties; an error
 * keeps its name, message, cause and own properties but not its stack.
 *
 * @param keeps - Tells which class instances are accepted. Default none.
 * @param key - Its key, for the error.
 * @throws {CacheError} `VALUE_UNSUPPORTED` with the path, never the value.
 */
export function cloneValue(value: unknown, keeps?: Keeps, key?: string): unknown {
  return copyIn(value, keeps, key).value
}

/** {@link cloneValue}, with what it found out. */
export function copyIn(value: unknown, keeps?: Keeps, key?: string): Copied {
  const walk: Walk = { value: undefined, rare: false, odd: false, path: [], keeps, key }
  try {
    walk.value = copy(value, walk)
  } catch (cause) {
    throw cause instanceof CacheError ? cause : unsupported(walk, "cannot be read", cause)
  }
  return walk
}

/** {@link cloneValue}, or the value itself if it cannot be copied. */
export function tryClone(value: unknown, keeps?: Keeps): unknown {
  try {
    return cloneValue(value, keeps)
  } catch {
    return value
  }
}

/** Copies the result of {@link copyIn} again; its classes were checked then. */
export function copyAgain(value: unknown): unknown {
  return cloneValue(value, () => true)
}

/** As {@link copyAgain}, and faster, for a tree without rare kinds. */
export function copyTree(source: object): object {
  if (Array.isArray(source)) {
    const made: unknown[] = source.slice()
    for (let at = 0; at < made.length; at++) {
      const part = made[at]
      if (isObject(part)) made[at] = copyTree(part)
    }
    return made
  }
  const from = source as Record<string, unknown>
  const made = { ...from }
  // Engines are fast at reading the object that is being enumerated.
  for (const name in from) {
    const part = from[name]
    if (isObject(part) && Object.hasOwn(from, name)) made[name] = copyTree(part)
  }
  return made
}

/** Deeper values are refused in every runtime alike, long before any stack overflows. */
export const maxDepth = 1000

interface Walk {
  value: unknown
  shared?: Set<object>
  rare: boolean
  odd: boolean
  /** The outermost object and its copy, because most values have no other; then all others by their source. */
  source?: object
  made?: object
  seen?: Map<object, object>
  /** The path to the object being copied, from the outermost. */
  readonly path: (string | number)[]
  readonly keeps: Keeps | undefined
  readonly key: string | undefined
}

/** Copies the member `at`. */
function child(value: unknown, walk: Walk, at: string | number): unknown {
  if (isObject(value)) {
    const known = value === walk.source ? walk.made : walk.seen?.get(value)
    if (known !== undefined) {
      walk.shared ??= new Set()
      walk.shared.add(known)
      return known
    }
  } else if (typeof value !== "function" && typeof value !== "symbol") return value
  if (walk.path.push(at) >= maxDepth) throw unsupported(walk, "is nested too deep")
  const made = copy(value, walk)
  walk.path.pop()
  return made
}

function copy(value: unknown, walk: Walk): unknown {
  if (typeof value === "function" || typeof value === "symbol")
    throw unsupported(walk, `is a ${typeof value}`)
  if (!isObject(value)) return value
  if (Array.isArray(value)) return copyArray(value, walk)
  return isPlain(value) ? fill({ ...value }, value, walk) : copyInstance(value, walk)
}

/** Replaces the objects in `made`, a shallow copy of `source`, by copies. */
function fill<T extends object>(made: T, source: object, walk: Walk): T {
  remember(source, made, walk)
  if (Object.getOwnPropertySymbols(made).length > 0) throw unsupported(walk, "has a symbol for a key")
  // Members are accessed by name, whatever the class.
  const to = made as Record<string, unknown>
  for (const name in to) {
    const value = to[name]
    if (typeof value !== "string" && typeof value !== "number" && Object.hasOwn(to, name)) {
      to[name] = child(value, walk, name)
    }
    if (name === "__proto__") walk.rare = walk.odd = true
  }
  return made
}

function copyArray(source: unknown[], walk: Walk): unknown[] {
  if (Object.getPrototypeOf(source) !== Array.prototype && classNameOf(source) !== "Array") {
    throw unsupported(walk, whatIs(source))
  }
  // A claimed length must cost nothing: in a long array with holes only actual elements are visited. An array's own
  // `constructor` would affect slice().
  const isLoose = (source.length > 1000 && !isDense(source)) || Object.hasOwn(source, "constructor")
  // Not its own slice(), which may be another realm's.
  const made: unknown[] = isLoose ? holes(source.length) : Array.prototype.slice.call(source)
  remember(source, made, walk)
  if (isLoose) return copyElements(source, made, walk)
  for (let at = 0; at < made.length; at++) {
    const value = made[at]
    // Most elements need no copy; holes stay holes.
    if (typeof value !== "string" && typeof value !== "number" && value !== undefined) {
      made[at] = child(value, walk, at)
    }
  }
  return made
}

function copyElements(source: unknown[], made: unknown[], walk: Walk): unknown[] {
  walk.rare = true
  for (const name of Object.keys(source)) {
    const at = Number(name) >>> 0
    if (String(at) !== name) break // Names come after all elements.
    made[at] = child(source[at], walk, at)
  }
  return made
}

/** Built-in classes whose constructor copies an instance. */
const selfCopying = /^(Date|RegExp|URL|Map|Set|(Big)?(Int|Uint|Float)\d+(Clamped)?Array)$/

function copyInstance(source: object, walk: Walk): object {
  const name = classNameOf(source)
  const kind = kindOf(source)
  const builtin = kind === name || name === "Buffer" ? kind : ""
  walk.rare = true
  if (selfCopying.test(builtin)) {
    if (builtin === "URL") walk.odd = true
    const make: new (from: object) => object = Reflect.get(globalThis, builtin)
    return refill(remember(source, new make(source), walk), walk)
  }
  if (builtin === "ArrayBuffer")
    return remember(source, new Uint8Array(source as ArrayBuffer).slice().buffer, walk)
  if (builtin === "DataView") {
    const { buffer, byteOffset, byteLength } = source as DataView
    return remember(source, new DataView(new Uint8Array(buffer, byteOffset, byteLength).slice().buffer), walk)
  }
  const error = kind === "Error"
  const isNative = error && nativeError.test(name)
  if (!isNative && !walk.keeps?.(source)) throw unsupported(walk, whatIs(source))
  walk.odd = true
  // Like everything else, another realm's errors become this one's.
  const native: unknown = isNative && Reflect.get(globalThis, name)
  const proto: object = typeof native === "function" ? native.prototype : Object.getPrototypeOf(source)
  const made: object = error ? errorLike(source as Error, proto) : Object.create(proto)
  fill(Object.defineProperties(made, Object.getOwnPropertyDescriptors({ ...source })), source, walk)
  // A cause is usually not enumerable; one that is has been copied by now.
  const cause = Object.getOwnPropertyDescriptor(made, "cause")
  if (cause && !cause.enumerable) Object.assign(made, { cause: child(cause.value, walk, "cause") })
  return made
}

function remember<T extends object>(source: object, made: T, walk: Walk): T {
  if (walk.source) {
    walk.seen ??= new Map()
    walk.seen.set(source, made)
  } else {
    walk.source = source
    walk.made = made
  }
  return made
}

/** Replaces the objects in a shallow copy of a Map or Set by copies; leaves anything else as it is. */
function refill(made: object, walk: Walk): object {
  if (made instanceof Map) {
    const entries = [...made]
    made.clear()
    entries.forEach(([key, value], at) => {
      made.set(child(key, walk, `keys()[${at}]`), child(value, walk, `values()[${at}]`))
    })
  } else if (made instanceof Set) {
    const members = [...made]
    made.clear()
    members.forEach((member, at) => {
      made.add(child(member, walk, `values()[${at}]`))
    })
  }
  return made
}

function whatIs(value: object): string {
  return kindOf(value) === "Promise" ? "is a promise" : `is an instance of ${classNameOf(value)}`
}

function unsupported(walk: Walk, what: string, cause?: unknown): CacheError {
  const of = walk.key === undefined ? "" : ` for ${shortKey(walk.key)}`
  return new CacheError(
    "VALUE_UNSUPPORTED",
    `The value${of} cannot be stored: ${pathText(walk.path)} ${what}. Leave it out, or use plain data instead.`,
    { key: walk.key, cause },
  )
}
