import { isObject } from "./kind.ts"
import { workers } from "./workers.ts"

/** The members of `process` that are used; all of them may be missing. */
export interface Process {
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly platform?: string
  cwd?(): string
  getBuiltinModule?(name: string): unknown
  emitWarning?: (...details: readonly unknown[]) => void
}

/**
 * The environment variable `name`, or else a Worker's variable of that name. Empty counts as unset, and so does one
 * that may not be read: the user is never prompted for permission.
 */
export function variable(name: string): string | undefined {
  return textOf(() => (isAllowed("env", name) ? currentProcess().env?.[name] : undefined)) ?? binding(name)
}

// Workers have no process without nodejs_compat, and an empty `env` at compatibility dates before 2025-04-01.
function binding(name: string): string | undefined {
  return textOf(() => workers.env?.()?.[name])
}

/** Whether the runtime grants permission `name` for `detail` without a prompt. Only Deno has permissions. */
export function isAllowed(name: "read" | "write" | "env" | "sys" | "net", detail: string): boolean {
  const deno: unknown = Reflect.get(globalThis, "Deno")
  if (!isDeno(deno)) return true
  return deno.permissions.querySync({ name, [fields[name]]: detail }).state === "granted"
}

/** The name of a permission's detail in Deno. */
const fields = { read: "path", write: "path", env: "variable", sys: "kind", net: "host" } as const

interface Deno {
  readonly permissions: { querySync(descriptor: Record<string, string>): { readonly state: string } }
}

function isDeno(value: unknown): value is Deno {
  return isObject(value) && "permissions" in value
}

/** The runtime's process, or an empty one. Read on each call: importing touches nothing. */
export function currentProcess(): Process {
  // Accessed by name, so that no bundler polyfills it.
  const found: unknown = Reflect.get(globalThis, "process")
  // All members are optional and checked before use.
  return isObject(found) ? (found as Process) : {}
}

/** The runtime's built-in module `name`, such as "node:async_hooks"; `undefined` if it has none. */
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
