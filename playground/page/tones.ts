import type { CacheEventType } from "isocache"

/** The colour of an event, by its name in the stylesheet. */
export function toneOf(type: CacheEventType): string {
  switch (type) {
    case "loaded":
      return "load"
    case "failed":
    case "error":
      return "error"
    case "delete":
    case "expire":
    case "invalidate":
    case "clear":
    case "evict":
      return "set"
    default:
      return type
  }
}
