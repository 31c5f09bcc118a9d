import { SuperJSON } from "superjson"
import { fromBase64, toBase64 } from "../base/bytes.ts"
import { CacheError } from "../base/errors.ts"
import { copyIn, isPlain, kindOf } from "./clone.ts"
import { type Classes, fromGraph, toGraph } from "./graph.ts"
import { isPlainJson } from "./serialize.ts"
import type { ClassSerializer } from "./serializer.ts"

/** A class whose instances have all they are in own enumerable members. */
export type SerializableClass = abstract new (...args: never) => object

/** What {@link superjsonSerializer} takes. */
export interface SuperjsonOptions {
  /**
   * Classes whose instances are kept too and come back as instances, without their constructor being called. As
   * an object they are known by its keys, as an array by their own names, which must then survive minification.
   */
  readonly classes?: Readonly<Record<string, SerializableClass>> | readonly SerializableClass[] | undefined
}

/**
 * The default serializer: `JSON.stringify` for what that keeps whole; for the rest JSON of the same shape, beside it
 * by superjson what is no JSON. Each call makes one of its own, with classes of its own.
 *
 * @throws {CacheError} `OPTION_INVALID` for a class it cannot keep; when called with a value, `VALUE_UNSUPPORTED`.
 */
export function superjsonSerializer(options: SuperjsonOptions = {}): ClassSerializer {
  const classes = prototypes(options)
  const known = new Set(classes.values())
  const leaves = leafSerializer()
  const keeps = (instance: object) => known.has(Object.getPrototypeOf(instance))

  function stringify(value: unknown): string {
    if (isPlainJson(value)) return JSON.stringify(value)
    const copied = copyIn(value, keeps)
    const graph = toGraph(copied.value, copied.shared, classes)
    const { json, meta } = leaves.serialize(graph.leaves)
    return `~${JSON.stringify([graph.tree, json, meta?.values])}`
  }

  function parse(text: string): unknown {
    if (!text.startsWith("~")) return JSON.parse(text)
    const [tree, json, values]: unknown[] = JSON.parse(text.slice(1))
    if (!Array.isArray(json) || !areLeaves(values, json.length)) throw new TypeError("no such leaves")
    const payload = { json, meta: { values, v: 1 } }
    return fromGraph({ tree, leaves: leaves.deserialize(payload, { inPlace: true }) }, classes)
  }

  return { name: "superjson", stringify, parse, keeps }
}

function prototypes({ classes = [] }: SuperjsonOptions): Classes {
  const named = Array.isArray(classes) ? classes.map((one) => [one?.name, one] as const) : Object.entries(classes)
  const known = new Map<string, object>()
  for (const [name, one] of named) {
    const cure = "Pass classes of your own, which extend nothing but each other or Error, each under one name."
    const wrong = (what: string) => new CacheError("OPTION_INVALID", `superjsonSerializer: ${what}. ${cure}`)
    const proto: unknown = typeof one === "function" ? one.prototype : undefined
    if (typeof proto !== "object" || proto === null || isPlain(proto)) throw wrong(`"${name}" is no class`)
    if (!name || known.has(name) || nativeError.test(name)) throw wrong(`the name "${name}" is not free`)
    if (!isOrdinary(proto)) throw wrong(`"${name}" keeps something beside its members`)
    known.set(name, proto)
  }
  return known
}
