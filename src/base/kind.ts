// What an object is, whatever realm it comes from.

/** Whether it is an object of any kind, but not a function. */
export function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null
}

/** Whether `source` is a plain object, not a class instance, of any realm. */
export function isPlain(source: object): boolean {
  const proto: object | null = Object.getPrototypeOf(source)
  if (proto === null || proto === Object.prototype) return true
  if (Object.getPrototypeOf(proto) !== null) return false
  // Another realm's Object.prototype, or an empty one that some parsers use.
  return Object.hasOwn(proto, "isPrototypeOf") || Reflect.ownKeys(proto).length === 0
}

/** The name of its class. Read from the value, not its prototype: fake clocks give their Dates an own `constructor`. */
export function classNameOf(value: object): string {
  const make: unknown = value.constructor
  return (typeof make === "function" && make.name) || "a class without a name"
}

/** Which built-in kind it is, of any realm: "Map", "Uint8Array", "Object" and so on. */
export function kindOf(value: object): string {
  // URLs have no tag on Workers with an older compatibility date.
  return typeof URL === "function" && value instanceof URL
    ? "URL"
    : Object.prototype.toString.call(value).slice(8, -1)
}

interface BuiltIns {
  readonly Date: Date
  readonly RegExp: RegExp
  readonly Map: ReadonlyMap<unknown, unknown>
  readonly Set: ReadonlySet<unknown>
  readonly ArrayBuffer: ArrayBuffer
  readonly Error: Error
}

/** Whether it is of the built-in class `kind`, of any realm. */
export function isA<K extends keyof BuiltIns>(value: object, kind: K): value is BuiltIns[K] {
  return value instanceof globalThis[kind] || kindOf(value) === kind
}
