import { isObject } from "./kind.ts"
import { workers } from "./workers.ts"

/** The members of `process` that are used; every one of them may be missing. */
export interface Process {
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly platform?: string
  cwd?(): string
  getBuiltinModule?(name: string): unknown
  emitWarning?: (...details: readonly unknown[]) => void
}

/**
 * The environment variable `name`, or else a Worker's variable of that name. An empty one counts as unset, and so does
 * one that may not be read: the user is never asked for a permission.
 */
export function variable(name: string): string | undefined {
  return textOf(() => (isAllowed("env", name) ? currentProcess().env?.[name] : undefined)) ?? binding(name)
}

// A Worker has no process without nodejs_compat, and one with an empty `env` at compatibility dates before 2025-04-01.
function binding(name: string): string | undefined {
  return textOf(() => workers.env?.()?.[name])
}

/** Whether the runtime permits `name` for `detail` without asking the user. Only Deno has permissions. */
export function isAllowed(name: "read" | "write" | "env" | "sys" | "net", detail: string): boolean {
  const deno: unknown = Reflect.get(globalThis, "Deno")
  if (!isDeno(deno)) return true
  return deno.permissions.querySync({ name, [fields[name]]: detail }).state === "granted"
}

/** What Deno calls the detail of a permission. */
const fields = { read: "path", write: "path", env: "variable", sys: "kind", net: "host" } as const

interface Deno {
  readonly permissions: { querySync(descriptor: Record<string, string>): { readonly state: string } }
}

function isDeno(value: unknown): value is Deno {
  return isObject(value) && "permissions" in value
}

/** The process of this runtime, or an empty one. Read on each call: importing touches nothing. */
export function currentProcess(): Process {
  // Reached by name, so that no bundler puts a polyfill in its place.
  const found: unknown = Reflect.get(globalThis, "process")
  // Every member is optional and tested before use.
  return isObject(found) ? (found as Process) : {}
}

/** The runtime's own module `name`, such as "node:async_hooks"; `undefined` where it has none. */
export function builtinModule(name: string): unknown {
  try {
    return currentProcess().getBuiltinModule?.(name)
  } catch {
    return undefined
  }
}

function textOf(read: () => unknown): string | undefined {
  try {
    const value = read()
    return typeof value === "string" && value !== "" ? value : undefined
  } catch {
    return undefined
  }
}
