/**
 * What a foreign hand threw, which may be anything: its parts, by which the kinds of trouble are told apart. Messages
 * and codes may hold values; what becomes of them is for the reader to judge.
 */

/** The message of an error; anything else as text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The name of an error, "" where it has none: engines disagree on classes and texts, and have these in common. */
export function nameOf(error: unknown): string {
  return typeof error === "object" && error !== null && "name" in error ? String(error.name) : ""
}

/** The code of an error: a text in Node, a number elsewhere; `undefined` where it has none. */
export function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined
}
