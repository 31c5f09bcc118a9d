// The parts of what foreign code threw, which may be anything. Messages and codes may quote values: whoever passes one
// on must handle that.
import { isObject } from "./kind.ts"

/** The message of an error; anything else as text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The name of an error; "" if it has none. Names are the same in all engines, classes and messages are not. */
export function nameOf(error: unknown): string {
  return isObject(error) && "name" in error ? String(error.name) : ""
}

/** The code of an error: a text in Node, a number elsewhere; `undefined` if it has none. */
export function codeOf(error: unknown): unknown {
  return isObject(error) && "code" in error ? error.code : undefined
}
