import { expect, test } from "vitest"
import { memory } from "../../adapters/memory.ts"
import type { Adapter, Stored } from "../../src/adapter.ts"
import { conformance } from "../../src/conformance.ts"

/** An adapter as others write one: methods on a prototype, which need their `this`. */
class ClassAdapter implements Adapter {
  readonly name = "class"
  readonly medium = "object"
  readonly copy = "clone"
  readonly #inner = memory()
  get(key: string) {
    return this.#inner.get(key)
  }
  set(key: string, record: Stored, ttl: number) {
    this.#inner.set(key, record, ttl)
  }
  delete(key: string) {
    return this.#inner.delete(key)
  }
  clear(prefix: string) {
    this.#inner.clear(prefix)
  }
  getMany(keys: readonly string[]) {
    return this.#inner.getMany(keys)
  }
  setMany(entries: readonly (readonly [string, Stored, number])[]) {
    this.#inner.setMany(entries)
  }
  deleteMany(keys: readonly string[]) {
    return this.#inner.deleteMany(keys)
  }
  add(key: string, record: Stored, ttl: number) {
    return this.#inner.add(key, record, ttl)
  }
  keys(prefix: string) {
    return this.#inner.keys(prefix)
  }
  prune(now: number) {
    return this.#inner.prune(now)
  }
}

test.each(["getMany", "setMany", "deleteMany", "add", "keys", "prune"])(
  "the laws of %s hold for an instance of a class",
  async (needs) => {
    const laws = conformance.filter((law) => law.needs === needs)
    expect(laws.length).toBeGreaterThan(0)
    for (const law of laws) await law.run(() => new ClassAdapter())
  },
)
