import { currentProcess, type Process } from "../../src/base/environment.ts"
import { CacheError } from "../../src/base/errors.ts"

/** The values that statements accept with the same meaning on every runtime. */
type Bindable = string | number | Uint8Array | null

/** A row from the driver. Other programs may have written anything into it. */
export type Row = Readonly<Record<string, unknown>>

/** The number in a column; 0 if it is none. */
export function numberIn(row: Row | undefined, column: string): number {
  return Number(row?.[column] ?? 0)
}

/** The part of a `node:sqlite` statement that is used. */
export interface Statement {
  get(...values: readonly Bindable[]): Row | undefined
  all(...values: readonly Bindable[]): readonly Row[]
  run(...values: readonly Bindable[]): {
    readonly changes: number | bigint
    readonly lastInsertRowid: number | bigint
  }
}

/** The part of a `node:sqlite` connection that is used. */
export interface Database {
  readonly isTransaction?: boolean
  exec(sql: string): void
  prepare(sql: string): Statement
  close(): void
}

/** The built-in modules that the adapter needs. */
export interface Modules {
  readonly sqlite: { readonly DatabaseSync: new (path: string, options: { timeout: number }) => Database }
  readonly fs: {
    openSync(path: string, flags: string, mode?: number): number
    closeSync(file: number): void
    mkdirSync(path: string, options: { mode: number }): unknown
    existsSync(path: string): boolean
    statSync(path: string): { readonly ino: number; readonly mtimeMs: number }
    renameSync(from: string, to: string): void
    rmSync(path: string, options: { force: boolean }): void
  }
  readonly path: {
    readonly join: (...parts: string[]) => string
    readonly resolve: (...parts: string[]) => string
    readonly dirname: (path: string) => string
    readonly basename: (path: string) => string
  }
  /** Deno returns `null` where Node and Bun throw: the user has no home. */
  readonly os: { homedir(): string | null }
  readonly buffer: { readonly Buffer: { byteLength(text: string): number } }
  readonly crypto: {
    createHash(algorithm: string): { update(text: string): { digest(encoding: "hex"): string } }
  }
}

/**
 * Loads the built-in modules, synchronously and without printing a warning.
 *
 * @throws {CacheError} `ADAPTER_UNAVAILABLE` if the runtime has no SQLite.
 */
export function loadModules(): Modules {
  const load = (name: string): unknown => currentProcess().getBuiltinModule?.(`node:${name}`)
  let cause: unknown
  try {
    // Not the global one, which Jest replaces by a copy. Every member is checked before use.
    const sqlite = quietly(Object(load("process")) as Process, () => load("sqlite"))
    if (isSqlite(sqlite)) {
      const [fs, path, os, buffer, crypto] = ["fs", "path", "os", "buffer", "crypto"].map(load)
      // If node:sqlite exists, so do the older modules; their shapes have not changed since Node 10.
      return { sqlite, fs, path, os, buffer, crypto } as Modules
    }
  } catch (error) {
    cause = error
  }
  throw missingDriver(cause)
}

/** Whether this runtime has a working SQLite: on Workers the module exists but refuses to work. */
export function hasSqlite(): boolean {
  try {
    const { sqlite } = loadModules()
    new sqlite.DatabaseSync(":memory:", { timeout: 0 }).close()
    return true
  } catch {
    return false
  }
}

/** The error that this runtime has no SQLite, with those that do. */
export function missingDriver(cause: unknown): CacheError {
  return new CacheError(
    "ADAPTER_UNAVAILABLE",
    "This runtime has no SQLite. Node has it from 22.13, Deno from 2.2, Bun from 1.4: " +
      'update the runtime, or use another adapter, such as "memory".',
    cause === undefined ? {} : { cause },
  )
}

function isSqlite(module: unknown): module is Modules["sqlite"] {
  return (
    typeof module === "object" &&
    module !== null &&
    "DatabaseSync" in module &&
    typeof module.DatabaseSync === "function"
  )
}

/** Runs `load` without the warning that Node 22 prints when it loads SQLite; other warnings pass. */
function quietly<T>(process: Process, load: () => T): T {
  const warn = process.emitWarning
  if (typeof warn !== "function") return load()
  const filter = (...details: readonly unknown[]): void => {
    const [message, kind] = details
    const expected = kind === "ExperimentalWarning" && typeof message === "string" && /^SQLite /.test(message)
    if (!expected) Reflect.apply(warn, process, details)
  }
  // A frozen process refuses the change; then the warning is printed, and nothing else happens.
  if (!Reflect.set(process, "emitWarning", filter)) return load()
  try {
    return load()
  } finally {
    Reflect.set(process, "emitWarning", warn)
  }
}

/** Blocks for `ms` milliseconds, as SQLite itself does for a lock. */
export function sleepHere(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
