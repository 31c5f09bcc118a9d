/** A text that two values have in common exactly if nobody can tell them apart: types, bits, order, identities. */
export function picture(value: unknown): string {
  const met = new Map<object, number>()
  const draw = (part: unknown): string => {
    if (Object.is(part, -0)) return "-0"
    if (typeof part === "bigint") return `${part}n`
    if (typeof part === "string") return JSON.stringify(part)
    if (typeof part !== "object" || part === null) return String(part)
    const known = met.get(part)
    if (known !== undefined) return `#${known}`
    met.set(part, met.size)
    const name = Object.getPrototypeOf(part)?.constructor?.name ?? "Object"
    return `${name}${body(part)}`
  }
  const body = (part: object): string => {
    if (part instanceof Date) return `(${part.getTime()})`
    if (part instanceof RegExp || part instanceof URL) return `(${part})`
    if (part instanceof Map)
      return `(${[...part].map(([key, one]) => `${draw(key)} => ${draw(one)}`).join(", ")})`
    if (part instanceof Set) return `(${[...part].map(draw).join(", ")})`
    if (part instanceof ArrayBuffer) return `(${new Uint8Array(part)})`
    if (ArrayBuffer.isView(part)) {
      return `(${new Uint8Array(part.buffer, part.byteOffset, part.byteLength)})`
    }
    const own = members(part)
    if (part instanceof Error) {
      const cause = Object.hasOwn(part, "cause") ? draw(part.cause) : ""
      return `(${part.name}, ${part.message}, ${cause}, ${own})`
    }
    return Array.isArray(part) ? `[${part.length}: ${own}]` : `{${own}}`
  }
  const members = (part: object): string =>
    Object.entries(part)
      .map(([name, one]) => `${JSON.stringify(name)}: ${draw(one)}`)
      .join(", ")
  return draw(value)
}
