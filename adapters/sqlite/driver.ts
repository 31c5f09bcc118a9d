import { currentProcess, type Process } from "../../src/base/environment.ts"
import { CacheError } from "../../src/base/errors.ts"

/** What may be bound to a statement and mean the same on every runtime. */
type Bindable = string | number | Uint8Array | null

/** A row as the driver gives it; a foreign hand may have put anything into it. */
export type Row = Readonly<Record<string, unknown>>

/** A number in a column; 0 where there is none. */
export function numberIn(row: Row | undefined, column: string): number {
  return Number(row?.[column] ?? 0)
}

/** A prepared statement of `node:sqlite`, as far as it is needed here. */
export interface Statement {
  get(...values: readonly Bindable[]): Row | undefined
  all(...values: readonly Bindable[]): readonly Row[]
  run(...values: readonly Bindable[]): {
    readonly changes: number | bigint
    readonly lastInsertRowid: number | bigint
  }
}

/** A connection of `node:sqlite`, as far as it is needed here. */
export interface Database {
  readonly isTransaction?: boolean
  exec(sql: string): void
  prepare(sql: string): Statement
  close(): void
}

/** The builtin modules the adapter stands on. */
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
  /** Deno answers `null` where Node and Bun throw: the user has no home. */
  readonly os: { homedir(): string | null }
  readonly buffer: { readonly Buffer: { byteLength(text: string): number } }
  readonly crypto: {
    createHash(algorithm: string): { update(text: string): { digest(encoding: "hex"): string } }
  }
}

/**
 * Loads the builtin modules, synchronously and without a word on stderr.
 *
 * @throws {CacheError} `ADAPTER_UNAVAILABLE` where the runtime has no SQLite.
 */
export function loadModules(): Modules {
  const load = (name: string): unknown => currentProcess().getBuiltinModule?.(`node:${name}`)
  let cause: unknown
  try {
    // Not the global one, of which Jest makes a copy. Every member is tested before use.
    const sqlite = quietly(Object(load("process")) as Process, () => load("sqlite"))
    if (isSqlite(sqlite)) {
      const [fs, path, os, buffer, crypto] = ["fs", "path", "os", "buffer", "crypto"].map(load)
      // Where node:sqlite is, the older modules are; their shapes are fixed since Node 10.
      return { sqlite, fs, path, os, buffer, crypto } as Modules
    }
  } catch (error) {
    cause = error
  }
  throw missingDriver(cause)
}

/** Whether this runtime has an SQLite that runs: on Workers the module is there, and refuses to. */
export function hasSqlite(): boolean {
  try {
    const { sqlite } = loadModules()
    new sqlite.DatabaseSync(":memory:", { timeout: 0 }).close()
    return true
  } catch {
    return false
  }
}

/** Says that this runtime has no SQLite, and which one has. */
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

/** Runs `load` without the one warning Node 22 prints when SQLite is loaded; every other warning passes. */
function quietly<T>(process: Process, load: () => T): T {
  const warn = process.emitWarning
  if (typeof warn !== "function") return load()
  const filter = (...details: readonly unknown[]): void => {
    const [message, kind] = details
    const expected = kind === "ExperimentalWarning" && typeof message === "string" && /^SQLite /.test(message)
    if (!expected) Reflect.apply(warn, process, details)
  }
  // A frozen process refuses the change; then the warning is printed and nothing else happens.
  if (!Reflect.set(process, "emitWarning", filter)) return load()
  try {
    return load()
  } finally {
    Reflect.set(process, "emitWarning", warn)
  }
}

/** Waits `ms` milliseconds on the spot, as SQLite itself does for a lock. */
export function sleepHere(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}
