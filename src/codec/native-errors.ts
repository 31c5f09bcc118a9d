/** The errors that every runtime can create. */
export const nativeError: RegExp = /^(Eval|Range|Reference|Syntax|Type|URI)?Error$/

/** The message, name and cause of an error. */
interface Told {
  readonly message: string
  readonly name: string
  readonly cause?: unknown
}

/** An error with the prototype `proto` and the message, name and cause of `error`, without its other members. */
export function errorLike(error: Told, proto: object): Error {
  const made = new Error(error.message, Object.hasOwn(error, "cause") ? { cause: error.cause } : undefined)
  Object.setPrototypeOf(made, proto)
  // As text: an object would be shared with the caller.
  const name = String(error.name)
  if (made.name !== name) {
    Object.defineProperty(made, "name", { value: name, configurable: true, writable: true })
  }
  // The stack of this line would be misleading. Defined rather than assigned, which makes it enumerable in Firefox.
  const stack = `${name}: ${error.message}`
  Object.defineProperty(made, "stack", { value: stack, configurable: true, writable: true })
  return made
}
