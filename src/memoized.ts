import { CacheError, misuse } from "./base/errors.ts"
import { isObject } from "./base/kind.ts"
import { sharedCache } from "./cached.ts"
import type { KeyPart } from "./key.ts"
import { type AsyncFn, type MemoizeOptions, memoizeWith } from "./memoize.ts"
import type { StandardSchemaV1 } from "./policy/options.ts"
import type { Region } from "./region.ts"

/** Options of {@link memoized}. */
export interface MemoizedOptions<This = never> extends Omit<MemoizeOptions<never, never>, "name" | "schema"> {
  /** See {@link MemoizeOptions.schema}. Default none. */
  readonly schema?: StandardSchemaV1<unknown, unknown> | undefined
  /** Names the entries. Required, because methods of many classes have the same name. */
  readonly name: string
  /** Whether all instances share their entries, or what distinguishes them. */
  readonly instance: "shared" | ((self: This) => KeyPart)
  /** A cache or region, with or without a generator. Default: the shared cache. */
  readonly cache?: Pick<Region, "memoize"> | undefined
}

/**
 * Serves a method or getter, static or not, from a cache: a TC39 decorator. The method must be declared to return a
 * promise, because a decorator cannot change its type.
 *
 * The verbs of a memoized function are attached to the method: `refresh`, `delete` and so on. If `instance` is a
 * function they belong to one instance, accessed by `.of(one)`: `Users.prototype.find.of(user).delete(42)`.
 *
 * @throws {CacheError} `NAME_REQUIRED` without a name; `OPTION_INVALID` without `instance`, or if used on anything but
 * a method or getter.
 *
 * @example
 * ```ts
 * import { memoized } from "isocache"
 *
 * class Users {
 *   tenant = "acme"
 *
 *   @memoized({ name: "Users.find", instance: (self: Users) => self.tenant, ttl: "5m" })
 *   async find(id: number) {
 *     return { id, tenant: this.tenant }
 *   }
 * }
 * ```
 */
export function memoized<This = never>(
  options: MemoizedOptions<This>,
): <F extends AsyncFn>(
  method: F,
  context: ClassMethodDecoratorContext<never> | ClassGetterDecoratorContext<never>,
) => F {
  const { cache: given, instance, ...rest } = options ?? {}
  const cache = given as Region | undefined // One with a generator is a Region behind its type; checked below.
  if (typeof rest.name !== "string" || rest.name === "") {
    throw new CacheError(
      "NAME_REQUIRED",
      "@memoized needs the option name: methods of many classes are called alike.",
    )
  }
  if (instance !== "shared" && typeof instance !== "function") {
    throw misuse('@memoized needs the option instance: "shared", or a function that tells instances apart.')
  }
  if (cache !== undefined && typeof cache?.bare !== "function")
    throw misuse("The option cache of @memoized must be a cache or a region.")
  return (method, context) => {
    if (!isObject(context)) {
      throw misuse("@memoized is a standard decorator: compile without experimentalDecorators.")
    }
    if (context.kind !== "method" && context.kind !== "getter") {
      throw misuse(`@memoized is for methods and getters, not for a ${String(Reflect.get(context, "kind"))}.`)
    }
    const before = (self: unknown): KeyPart[] => {
      if (instance === "shared") return []
      if (self !== undefined) return [instance(self as This)] // Called on its class.
      throw misuse(
        `The entries of ${rest.name} differ by the option instance: call it on one, or use .of(one).`,
      )
    }
    const region = cache ?? sharedCache()
    // Memoized, it keeps its parameters, and returns a promise like an async method.
    return memoizeWith(region, method, rest as MemoizeOptions<unknown[]>, before) as typeof method
  }
}
