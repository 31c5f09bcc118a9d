import { type Duration, parseDuration } from "./duration.ts"
import { CacheError, type CacheErrorCode } from "./errors.ts"
import { isObject } from "./kind.ts"

/**
 * How an option is checked: `read` returns its resolved value, `undefined` if it is invalid; `wanted` describes valid
 * ones; `code` is the error code, if not the usual one.
 */
export type Rule = readonly [
  read: (value: unknown) => unknown,
  wanted: string,
  code?: CacheErrorCode | undefined,
]

/** Known options, each with its rule. */
export type Rules = Readonly<Record<string, Rule>>

/**
 * Checks and resolves `options` by `rules`. Absent and `undefined` mean the same.
 *
 * @param of - The owner of the options, for the message: " of memory()".
 * @param also - Further options, which are checked but not returned.
 * @param found - The defaults; `options` are written over them, and they are returned.
 * @throws {CacheError} `code`, or that of the rule, for an unknown name or an invalid value, which stays out of the
 * message.
 */
export function judgeOptions(
  options: unknown,
  rules: Rules,
  of = "",
  code: CacheErrorCode = "ADAPTER_OPTIONS",
  also: Rules = {},
  found: Record<string, unknown> = {},
): Readonly<Record<string, unknown>> {
  if (!isRecord(options))
    throw new CacheError(code, `The options${of} must be an object. ${known(rules, also)}`)
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

/** Whether `value` may hold options: an object, but not an array. */
export function isRecord(value: unknown): value is object {
  return isObject(value) && !Array.isArray(value)
}

/** A rule that accepts values for which `is` holds, as they are. */
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

/** Any value; checked elsewhere. */
export const anything: Rule = /* @__PURE__ */ rule(() => true, "")

/** `true` or `false`. */
export const aBoolean: Rule = /* @__PURE__ */ rule((value) => typeof value === "boolean", "true or false")

/** A function. */
export const aFunction: Rule = /* @__PURE__ */ rule((value) => typeof value === "function", "a function")

/** A count. */
export const aCount: Rule = /* @__PURE__ */ rule(
  (value) => value === Infinity || (Number.isSafeInteger(value) && Number(value) > 0),
  "a whole number from 1 up, or Infinity",
)

/** A size in bytes. */
const aSize: Rule = /* @__PURE__ */ rule(
  (value) => typeof value === "number" && value > 0,
  "a positive number, or Infinity",
)

/** A duration; refused with `TTL_INVALID`. */
export const aDuration: Rule = [(value) => parseDuration(value as Duration), ""] // throws if invalid

/** The options of a memory, as an adapter or as a near tier. */
export const memoryRules: Readonly<Record<"maxEntries" | "maxBytes" | "policy" | "copy", Rule>> = {
  maxEntries: aCount,
  maxBytes: aSize,
  policy: /* @__PURE__ */ oneOf("s3-fifo", "lru"),
  copy: /* @__PURE__ */ oneOf("clone", "none"),
}

/** A non-empty text. */
export const aText: Rule = /* @__PURE__ */ rule(
  (value) => typeof value === "string" && value !== "",
  "a non-empty text",
)
