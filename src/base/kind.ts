/*
 * What an object is, of whatever realm it comes.
 */

/** Whether it is an ordinary object: of no class, in any realm. */
export function isPlain(source: object): boolean {
  const proto: object | null = Object.getPrototypeOf(source)
  if (proto === null || proto === Object.prototype) return true
  if (Object.getPrototypeOf(proto) !== null) return false
  // Another realm's Object.prototype; or one with nothing on it, as parsers give to what they make instead of none.
  return Object.hasOwn(proto, "isPrototypeOf") || Reflect.ownKeys(proto).length === 0
}

/** The name of its class. Asked of the value itself: fake clocks put another class behind their Dates. */
export function classNameOf(value: object): string {
  const make: unknown = value.constructor
  return (typeof make === "function" && make.name) || "a class without a name"
}

/** What it is by nature, in any realm. */
export function kindOf(value: object): string {
  // Workers of an older compatibility date have no tag on theirs.
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

/** Whether it is of a built-in class, be it another realm's. */
export function isA<K extends keyof BuiltIns>(value: object, kind: K): value is BuiltIns[K] {
  return value instanceof globalThis[kind] || kindOf(value) === kind
}
