import { onTestFinished } from "vitest"
import { indexeddb } from "../../adapters/indexeddb.ts"
import type { Adapter, AdapterEvent } from "../../src/adapter.ts"
import { fakeClock } from "./clock.ts"
import { faultyIndexedDB } from "./indexeddb-faults.ts"

/** The adapter on a faulty IndexedDB of its own, and what it has told. */
export function setup(options: Parameters<typeof indexeddb>[0] = {}) {
  const clock = fakeClock()
  const faults = faultyIndexedDB()
  const adapter = indexeddb(options)
  const events: AdapterEvent[] = []
  adapter.observe?.((event) => events.push(event))
  onTestFinished(() => adapter.close?.())
  const errors = () => events.filter(({ type }) => type === "error")
  return { clock, faults, adapter, events, errors }
}

/** All keys that begin with `prefix`, in the order they are listed. */
export async function keysOf(adapter: Adapter, prefix = ""): Promise<string[]> {
  const keys: string[] = []
  for await (const key of adapter.keys?.(prefix) ?? []) keys.push(key)
  return keys
}

/** Fails the next `times`, then no more. */
export function times<T>(count: number, fault: () => T): () => T | undefined {
  let left = count
  return () => (left-- > 0 ? fault() : undefined)
}

/** Throws as a browser does. */
export function raise(name: string): never {
  throw new DOMException("", name)
}

/** Lets the fake's own queue run. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve))
}
