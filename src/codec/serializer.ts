import type { Serializer } from "../adapter.ts"
import type { Awaitable } from "../base/awaitable.ts"
import type { Keeps } from "./clone.ts"

/** A serializer that keeps instances of some classes. */
export interface ClassSerializer extends Serializer {
  /** Whether it keeps instances of the class of `instance`. */
  keeps(instance: object): boolean
}

/** Which instances `serializer` keeps, if any. */
export function keepsOf(serializer: Serializer | undefined): Keeps | undefined {
  if (serializer === undefined || !isClassSerializer(serializer)) return undefined
  return (instance) => serializer.keeps(instance)
}

/** Whether it keeps class instances, like those of {@link superjsonSerializer}. */
export function isClassSerializer(serializer: Serializer): serializer is ClassSerializer {
  return "keeps" in serializer && typeof serializer.keeps === "function"
}

/** Returns `serializer`, or the default one, which is loaded on first use and available synchronously from then on. */
export function lazySerializer(serializer: Serializer | undefined): () => Awaitable<Serializer> {
  let known = serializer
  return () =>
    known ??
    import("./superjson.ts").then(({ superjsonSerializer }) => {
      known ??= superjsonSerializer()
      return known
    })
}
