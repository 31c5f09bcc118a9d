/** The errors that every runtime can make again. */
export const nativeError: RegExp = /^(Eval|Range|Reference|Syntax|Type|URI)?Error$/

/** What an error tells. */
interface Told {
  readonly message: string
  readonly name: string
  readonly cause?: unknown
}

/** An error with the prototype `proto` that tells the same as `error`, without its members. */
export function errorLike(error: Told, proto: object): Error {
  const made = new Error(error.message, Object.hasOwn(error, "cause") ? { cause: error.cause } : undefined)
  Object.setPrototypeOf(made, proto)
  // As text: an object would be shared with the one who gave it.
  const name = String(error.name)
  if (made.name !== name) {
    Object.defineProperty(made, "name", { value: name, configurable: true, writable: true })
  }
  // The stack of this line would mislead. Defined and not assigned, which makes it enumerable in Firefox.
  const stack = `${name}: ${error.message}`
  Object.defineProperty(made, "stack", { value: stack, configurable: true, writable: true })
  return made
}
