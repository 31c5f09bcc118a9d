/** The errors that every runtime can make again. */
export const nativeError: RegExp = /^(Eval|Range|Reference|Syntax|Type|URI)?Error$/

/** What an error tells. */
interface Told {
  readonly message: string
  readonly name: string
  readonly cause?: unknown
}

/** An error that tells the same, without its members. */
export function like(error: Told, proto: object): Error {
  const made = new Error(error.message, Object.hasOwn(error, "cause") ? { cause: error.cause } : undefined)
  Object.setPrototypeOf(made, proto)
  // Of whatever stands there: an object would be shared with its giver.
  const name = String(error.name)
  if (made.name !== name) {
    Object.defineProperty(made, "name", { value: name, configurable: true, writable: true })
  }
  // The stack of where the copy is made would lie. Defined: by assignment it is enumerable in Firefox.
  const stack = `${name}: ${error.message}`
  Object.defineProperty(made, "stack", { value: stack, configurable: true, writable: true })
  return made
}
