import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { isAllowed, variable } from "../../src/base/environment.ts"
import { workers } from "../../src/base/workers.ts"

const name = "ISOCACHE_TEST_VARIABLE"

beforeEach(() => vi.stubEnv(name, "of the process"))
afterEach(() => {
  vi.unstubAllEnvs()
  vi.unstubAllGlobals()
  Reflect.deleteProperty(workers, "env")
})

/** A Deno that grants `granted` only, and a process that asks the user for whatever is read of its environment. */
function pretendDeno(granted: readonly string[]): { readonly asked: string[] } {
  const asked: string[] = []
  const querySync = (descriptor: Record<string, string>) => ({
    state: granted.includes(Object.values(descriptor).join(" ")) ? "granted" : "prompt",
  })
  vi.stubGlobal("Deno", { permissions: { querySync } })
  const env = new Proxy(process.env, {
    get: (target, key) => {
      asked.push(String(key))
      return Reflect.get(target, key)
    },
  })
  const stubbed = new Proxy(process, {
    get: (target, key) => (key === "env" ? env : Reflect.get(target, key)),
  })
  vi.stubGlobal("process", stubbed)
  return { asked }
}

test("a variable is the process's, and unset when it is empty", () => {
  expect(variable(name)).toBe("of the process")
  vi.stubEnv(name, "")
  expect(variable(name)).toBeUndefined()
})

test("a variable that Deno would ask for is unset, and is not touched", () => {
  const { asked } = pretendDeno(["env OTHER"])
  expect(variable(name)).toBeUndefined()
  expect(asked).toEqual([])
})

test("a variable that Deno grants is read", () => {
  pretendDeno([`env ${name}`])
  expect(variable(name)).toBe("of the process")
})

test("each permission is asked for by Deno's own words", () => {
  pretendDeno(["read /a", "net host:443", "sys homedir"])
  expect(isAllowed("read", "/a")).toBe(true)
  expect(isAllowed("write", "/a")).toBe(false)
  expect(isAllowed("net", "host:443")).toBe(true)
  expect(isAllowed("sys", "homedir")).toBe(true)
})

test.each([
  ["without a process", undefined],
  ["with a process that has no variables", { env: {} }],
  ["with a process that gives an empty one", { env: { [name]: "" } }],
])("the variable of a Worker %s is that of its bindings", (_, process) => {
  Reflect.set(workers, "env", () => ({ [name]: "of the Worker", CACHE: {} }))
  vi.stubGlobal("process", process)
  expect(variable(name)).toBe("of the Worker")
  expect(variable("CACHE")).toBeUndefined()
})
