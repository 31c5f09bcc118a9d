import { type Duration, parseDuration } from "./duration.ts"
import { CacheError, type CacheErrorCode } from "./errors.ts"
import { isObject } from "./kind.ts"

/**
 * How an option is judged: `read` answers what its value comes to, `undefined` for a wrong one; `wanted` says in words
 * what it must be; `code` is that of the error, if another than usual.
 */
export type Rule = readonly [
  read: (value: unknown) => unknown,
  wanted: string,
  code?: CacheErrorCode | undefined,
]

/** The options that are known, each with its rule. */
export type Rules = Readonly<Record<string, Rule>>

/**
 * Reads `options` by `rules`. Absent and `undefined` mean the same.
 *
 * @param of - Whose options they are, for the message: " of memory()".
 * @param also - Further options, which are judged here but left out of the answer.
 * @param found - The defaults. What `options` say is written over them, and they are the answer.
 * @throws {CacheError} `code`, or that of the rule, for an unknown name or a wrong value; the value stays out of it.
 */
export function judgeOptions(
  options: unknown,
  rules: Rules,
  of = "",
  code: CacheErrorCode = "ADAPTER_OPTIONS",
  also: Rules = {},
  found: Record<string, unknown> = {},
): Readonly<Record<string, unknown>> {
  if (!isRecord(options)) throw new CacheError(code, `The options${of} are an object. ${known(rules, also)}`)
  for (const name of Object.keys(options)) {
    const value: unknown = Reflect.get(options, name)
    if (value === undefined) continue
    const isOwn = Object.hasOwn(rules, name)
    const rule = isOwn ? rules[name] : Object.hasOwn(also, name) && also[name]
    if (!rule)
      throw new CacheError(code, `There is no option ${JSON.stringify(name)}${of}. ${known(rules, also)}`)
    const [read, wanted, own = code] = rule
    const result = read(value)
    if (result === undefined) throw new CacheError(own, `The option ${name}${of} must be ${wanted}.`)
    if (isOwn) found[name] = result
  }
  return found
}

function known(rules: Rules, also: Rules): string {
  const names = [...Object.keys(rules), ...Object.keys(also)]
  return names.length > 0 ? `Known: ${names.join(", ")}.` : "Leave it out."
}

/** Whether `value` may hold options: an object that is no array. */
export function isRecord(value: unknown): value is object {
  return isObject(value) && !Array.isArray(value)
}

/** A rule that takes the values for which `is` holds, as they are. */
export function rule(is: (value: unknown) => boolean, wanted: string, code?: CacheErrorCode): Rule {
  return [(value) => (is(value) ? value : undefined), wanted, code]
}

/** One of a few texts. */
export function oneOf(...texts: readonly unknown[]): Rule {
  return rule((value) => texts.includes(value), texts.map((text) => JSON.stringify(text)).join(" or "))
}

/** An object with these methods. */
export function having(methods: readonly string[], wanted: string): Rule {
  return rule(
    (value) => methods.every((name) => typeof Reflect.get(Object(value), name) === "function"),
    wanted,
  )
}

/** Any value: it is judged elsewhere. */
export const anything: Rule = /* @__PURE__ */ rule(() => true, "")

/** `true` or `false`. */
export const aBoolean: Rule = /* @__PURE__ */ rule((value) => typeof value === "boolean", "true or false")

/** A function. */
export const aFunction: Rule = /* @__PURE__ */ rule((value) => typeof value === "function", "a function")

/** How many. */
export const aCount: Rule = /* @__PURE__ */ rule(
  (value) => value === Infinity || (Number.isSafeInteger(value) && Number(value) > 0),
  "a whole number from 1 up, or Infinity",
)

/** How much, in bytes. */
const aSize: Rule = /* @__PURE__ */ rule(
  (value) => typeof value === "number" && value > 0,
  "a positive number, or Infinity",
)

/** How long, in milliseconds; refused with `TTL_INVALID`. */
export const aDuration: Rule = [(value) => parseDuration(value as Duration), ""] // parseDuration judges what the type cannot

/** The bounds of a memory, as an adapter or as a tier in front of one. */
export const memoryRules: Readonly<Record<"maxEntries" | "maxBytes" | "policy" | "copy", Rule>> = {
  maxEntries: aCount,
  maxBytes: aSize,
  policy: /* @__PURE__ */ oneOf("s3-fifo", "lru"),
  copy: /* @__PURE__ */ oneOf("clone", "none"),
}

/** A text that is not empty. */
export const aText: Rule = /* @__PURE__ */ rule(
  (value) => typeof value === "string" && value !== "",
  "a text that is not empty",
)
