import type { Serializer } from "../adapter.ts"
import type { Awaitable } from "../base/awaitable.ts"
import type { Keeps } from "./clone.ts"

/** A serializer that keeps instances of some classes. */
export interface ClassSerializer extends Serializer {
  /** Whether the class of `instance` is among them. */
  keeps(instance: object): boolean
}

/** Which instances `serializer` keeps, if any. */
export function keepsOf(serializer: Serializer | undefined): Keeps | undefined {
  if (serializer === undefined || !isClassSerializer(serializer)) return undefined
  return (instance) => serializer.keeps(instance)
}

/** Whether it keeps class instances, as one made by {@link superjsonSerializer} does. */
export function isClassSerializer(serializer: Serializer): serializer is ClassSerializer {
  return "keeps" in serializer && typeof serializer.keeps === "function"
}

/** Answers `serializer`, or else the default one, which is loaded on its first use and there at once ever after. */
export function lazySerializer(serializer: Serializer | undefined): () => Awaitable<Serializer> {
  let known = serializer
  return () =>
    known ??
    import("./superjson.ts").then(({ superjsonSerializer }) => {
      known ??= superjsonSerializer()
      return known
    })
}
