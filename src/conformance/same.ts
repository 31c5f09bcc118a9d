import { kindOf } from "../base/kind.ts"

/** Whether two values are equal to a caller: see {@link difference}. */
export function same(actual: unknown, expected: unknown): boolean {
  return difference(actual, expected) === undefined
}

/**
 * Where two values first differ to a caller, in words; `undefined` if they are equal: by type, with `-0` different from
 * `0`, and `NaN` equal to itself; Maps and Sets in order; cyclic and shared references alike.
 */
export function difference(actual: unknown, expected: unknown): string | undefined {
  return differ(actual, expected, "", { actual: new Map(), expected: new Map() })
}

/** The objects met so far on each side, with their counterparts on the other. */
interface Met {
  readonly actual: Map<object, object>
  readonly expected: Map<object, object>
}

function differ(actual: unknown, expected: unknown, path: string, met: Met): string | undefined {
  const isSame = Object.is(actual, expected)
  if (isSame && !isObject(actual)) return undefined
  const text = `${path && `at ${path} `}expected ${show(expected)}, got ${show(actual)}`
  if (!isObject(actual) || !isObject(expected)) return text
  // An object met before must have the same counterpart again, so that references have the same shape.
  const [mine, its] = [met.actual.get(actual), met.expected.get(expected)]
  if (mine !== undefined || its !== undefined)
    return mine === expected && its === actual ? undefined : `${text}: another reference`
  met.actual.set(actual, expected)
  met.expected.set(expected, actual)
  if (isSame) return undefined
  const kind = kindOf(expected)
  if (kind !== kindOf(actual)) return text
  if (kind === "ArrayBuffer" || ArrayBuffer.isView(expected))
    return sameBytes(actual, expected) ? undefined : text
  const there = new Map(partsOf(kind, actual))
  const parts = partsOf(kind, expected)
  for (const [step, part] of parts) {
    if (!there.has(step)) return `${text}: ${step} is missing`
    const inside = differ(there.get(step), part, path + step, met)
    if (inside !== undefined) return inside
  }
  return there.size === parts.length ? undefined : `${text}: ${there.size - parts.length} members more`
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null
}

/** The parts of a value of `kind`, each with the step that leads to it. */
function partsOf(kind: string, value: object): (readonly [step: string, part: unknown])[] {
  if (kind === "Date") return [[".getTime()", Number(value)]]
  if (kind === "RegExp" || kind === "URL") return [[".toString()", String(value)]]
  if (kind === "Error")
    return ["name", "message", "cause"].map((name) => [`.${name}`, Reflect.get(value, name)])
  if (kind === "Map" || kind === "Set") {
    // Its kind is iterable.
    return Array.from(value as Iterable<unknown>, (part, at) => [`<${at}>`, part])
  }
  const parts = Object.keys(value).map((name) => {
    // Through descriptors, so that data under "__proto__" is read as data.
    const part: unknown = Object.getOwnPropertyDescriptor(value, name)?.value
    return [`[${JSON.stringify(name)}]`, part] as const
  })
  return Array.isArray(value) ? [[".length", value.length], ...parts] : parts
}

/** Compares two ArrayBuffers or typed arrays (the contract includes no DataView). */
function sameBytes(actual: object, expected: object): boolean {
  const elements = (it: object) => (it instanceof ArrayBuffer ? new Uint8Array(it) : (it as Uint8Array))
  const [one, other] = [elements(actual), elements(expected)]
  return one.length === other.length && other.every((element, at) => Object.is(one[at], element))
}

/** A short description of a value, for messages. */
export function show(value: unknown): string {
  const text = words(value)
  return text.length > 90 ? `${text.slice(0, 60)}… (${text.length} characters)` : text
}

function words(value: unknown): string {
  if (Object.is(value, -0)) return "-0"
  if (typeof value === "bigint") return `${value}n`
  if (typeof value === "string") return JSON.stringify(value)
  if (!isObject(value)) return String(value)
  try {
    const kind = kindOf(value)
    if (kind === "Map" || kind === "Set") return `${kind} ${words(Array.from(value as Iterable<unknown>))}`
    if (kind !== "Object" && kind !== "Array") return `${kind} ${String(value)}`
    return JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? `${part}n` : part))
  } catch {
    return Object.prototype.toString.call(value)
  }
}
