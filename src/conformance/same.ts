/**
 * Whether two values are the same to a caller: type by type, `-0` and `NaN` told apart from `0` and themselves equal,
 * Maps and Sets in their order, cyclic and shared references in the same places.
 */
export function same(actual: unknown, expected: unknown, met: Map<object, object> = new Map()): boolean {
  if (Object.is(actual, expected)) return true
  if (typeof actual !== "object" || typeof expected !== "object") return false
  if (actual === null || expected === null) return false
  // A reference met before must lead to the partner it had then.
  const partner = met.get(expected)
  if (partner !== undefined) return partner === actual
  met.set(expected, actual)
  const kind = kindOf(expected)
  return kind === kindOf(actual) && sameAs(kind, actual, expected, met)
}

function sameAs(kind: string, actual: object, expected: object, met: Map<object, object>): boolean {
  const both = (pick: (value: object) => unknown) => same(pick(actual), pick(expected), met)
  if (kind === "Date") return both((it) => Number(it))
  if (kind === "RegExp" || kind === "URL") return both(String)
  if (kind === "Map" || kind === "Set") return both((it) => Array.from(it as Iterable<unknown>))
  if (kind === "Error") return (["name", "message", "cause"] as const).every((name) => both(member(name)))
  if (kind === "ArrayBuffer")
    return sameElements(new Uint8Array(actual as ArrayBuffer), new Uint8Array(expected as ArrayBuffer))
  // Of one kind, so both are typed arrays: the contract knows no DataView.
  if (ArrayBuffer.isView(expected)) return sameElements(actual as Uint8Array, expected as Uint8Array)
  const names = Object.keys(expected)
  if (names.length !== Object.keys(actual).length) return false
  if (Array.isArray(expected) && !both(member("length"))) return false
  return names.every((name) => Object.hasOwn(actual, name) && both(member(name)))
}

function sameElements(actual: Uint8Array, expected: Uint8Array): boolean {
  return actual.length === expected.length && expected.every((element, at) => Object.is(actual[at], element))
}

/** The name of a value's class, told by its built-in tag: another realm's Map is a Map. */
function kindOf(value: object): string {
  const tag = Object.prototype.toString.call(value).slice(8, -1)
  return tag === "Object" && value instanceof URL ? "URL" : tag
}

/** Reads an own member, so that data under `__proto__` is read as data. */
function member(name: string): (value: object) => unknown {
  return (value) => Object.getOwnPropertyDescriptor(value, name)?.value ?? Reflect.get(value, name)
}

/** A value in a few words, for the messages of failed laws. */
export function show(value: unknown): string {
  const text = words(value)
  return text.length > 90 ? `${text.slice(0, 60)}… (${text.length} characters)` : text
}

function words(value: unknown): string {
  if (Object.is(value, -0)) return "-0"
  if (typeof value === "bigint") return `${value}n`
  if (typeof value === "string") return JSON.stringify(value)
  if (typeof value !== "object" || value === null) return String(value)
  try {
    const kind = kindOf(value)
    if (kind === "Map" || kind === "Set") return `${kind} ${words(Array.from(value as Iterable<unknown>))}`
    if (kind !== "Object" && kind !== "Array") return `${kind} ${String(value)}`
    return JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? `${part}n` : part)) ?? kind
  } catch {
    return Object.prototype.toString.call(value)
  }
}
