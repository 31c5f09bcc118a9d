/** The runtimes that {@link detectRuntime} tells apart. */
export type Runtime =
  | "node"
  | "deno"
  | "bun"
  | "workerd"
  | "browser"
  | "edge-light"
  | "react-native"
  | "unknown"

/**
 * Names the current runtime.
 *
 * Checked on each call; touches nothing that prints a warning. Node, Deno and Bun are recognized even with a simulated
 * DOM (jsdom, happy-dom). For defaults and diagnostics: whether a storage works only shows when it is opened.
 *
 * @example detectRuntime() // "node"
 */
export function detectRuntime(): Runtime {
  if (isWorkerd()) return "workerd"
  if (typeof read(globalThis, "EdgeRuntime") === "string") return "edge-light"
  if (read(globalThis, "Deno", "version", "deno") !== undefined) return "deno"
  if (read(globalThis, "Bun", "version") !== undefined) return "bun"
  if (read(globalThis, "navigator", "product") === "ReactNative") return "react-native"
  // Deno, Bun and workerd claim to be Node as well, so Node comes after them; Node with a DOM is still Node.
  if (read(globalThis, "process", "versions", "node") !== undefined) return "node"
  return hasPage() || hasWorkerScope() ? "browser" : "unknown"
}

/** Whether this is a Cloudflare Worker. With the flag no_global_navigator, only its own globals show that. */
export function isWorkerd(): boolean {
  if (read(globalThis, "navigator", "userAgent") === "Cloudflare-Workers") return true
  return (
    typeof read(globalThis, "WebSocketPair") === "function" &&
    read(globalThis, "caches", "default") !== undefined
  )
}

function hasPage(): boolean {
  return read(globalThis, "document", "createElement") !== undefined
}

function hasWorkerScope(): boolean {
  const scope = read(globalThis, "WorkerGlobalScope")
  return typeof scope === "function" && globalThis instanceof scope
}

/** Follows `path` from `start`; `undefined` if it breaks off. */
function read(start: unknown, ...path: string[]): unknown {
  let at = start
  for (const name of path) {
    if ((typeof at !== "object" || at === null) && typeof at !== "function") return undefined
    at = Reflect.get(at, name)
  }
  return at
}
