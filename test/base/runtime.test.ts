import { afterEach, expect, test, vi } from "vitest"
import { detectRuntime } from "../../src/base/runtime.ts"
import { workers } from "../../src/base/workers.ts"

afterEach(() => void vi.unstubAllGlobals())

function pretend(globals: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value)
}

const noNode = { process: undefined, navigator: undefined }
const asNode = { versions: { node: "26.3.0" } }
// What `globalThis` is an instance of in a web worker.
const WorkerGlobalScope = Object.defineProperty(function scope() {}, Symbol.hasInstance, {
  value: (it: unknown) => it === globalThis,
})

test("Node is node", () => {
  expect(detectRuntime()).toBe("node")
})

test.each<[string, string, Readonly<Record<string, unknown>>]>([
  ["workerd", "workerd", { process: undefined, navigator: { userAgent: "Cloudflare-Workers" } }],
  [
    "workerd with nodejs_compat",
    "workerd",
    { process: asNode, navigator: { userAgent: "Cloudflare-Workers" } },
  ],
  [
    "workerd with the flags nodejs_compat and no_global_navigator",
    "workerd",
    { process: asNode, navigator: undefined, WebSocketPair: class {}, caches: { default: {} } },
  ],
  ["Deno, which says it is Node", "deno", { Deno: { version: { deno: "2.9.6" } }, process: asNode }],
  ["Bun, which says it is Node", "bun", { Bun: { version: "1.4.5" }, process: asNode }],
  ["edge-light", "edge-light", { ...noNode, EdgeRuntime: "edge-runtime" }],
  ["React Native", "react-native", { process: { env: {} }, navigator: { product: "ReactNative" } }],
  ["a page", "browser", { ...noNode, document: { createElement() {} } }],
  [
    "a page with a bundler's process",
    "browser",
    { process: { versions: {} }, document: { createElement() {} } },
  ],
  ["a web worker", "browser", { ...noNode, WorkerGlobalScope }],
  ["a DOM in Node", "node", { document: { createElement() {} }, navigator: { userAgent: "jsdom/31" } }],
  ["a page element of the name Deno", "node", { Deno: {}, Bun: null }],
  ["nothing known", "unknown", noNode],
])("%s is %s", (_, runtime, globals) => {
  pretend(globals)
  expect(detectRuntime()).toBe(runtime)
})

test("outside of a Worker there are no bindings and no waitUntil", () => {
  expect(workers).toEqual({})
})
