import { fileURLToPath } from "node:url"
import { cloudflareTest } from "@cloudflare/vitest-plugin"
import { defineConfig } from "vitest/config"
import { engineNames, engines, found } from "./test/browser/engines.ts"

// A machine without a browser leaves it out; `npm test` says so, and fails for it in CI.
const instances = engineNames.filter((name) => found[name]).map((browser) => ({ browser }))

// Tests may import the package by its name; they get the sources.
const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))
const sources = [
  { find: /^isocache$/, replacement: path("src/index.ts") },
  { find: /^isocache\/adapters\/(\w+)$/, replacement: `${path("adapters")}/$1.ts` },
  { find: /^isocache\/(\w+)$/, replacement: `${path("src")}/$1.ts` },
]
// What the condition "workerd" does in the built package.
const workers = { find: /^\.\.?\/.*\bbase\/workers\.ts$/, replacement: path("src/base/workers.workerd.ts") }

// On a loaded machine properties take their time, and servers to start.
const patient = { testTimeout: 30_000, hookTimeout: 60_000, expect: { poll: { timeout: 10_000 } } }

const node = {
  resolve: { alias: sources },
  test: {
    name: "node",
    environment: "node" as const,
    include: ["test/**/*.test.ts"],
    exclude: ["test/{browser,workers,package,types}/**"],
    ...patient,
  },
}

const workerd = {
  resolve: { alias: [workers, ...sources] },
  plugins: [cloudflareTest({ wrangler: { configPath: "./wrangler.toml" } })],
  test: { name: "workerd", include: ["test/workers/**/*.test.ts"], ...patient },
}

const browser = {
  resolve: { alias: sources },
  optimizeDeps: { include: ["idb", "superjson", "@upstash/redis"] },
  test: {
    name: "browser",
    include: ["test/browser/**/*.test.ts"],
    ...patient,
    browser: { enabled: true, headless: true, provider: engines(), instances, screenshotFailures: false },
  },
}

// On the built package, by its own name: build first.
const built = {
  test: {
    name: "package",
    environment: "node" as const,
    include: ["test/package/**/*.test.ts"],
    globalSetup: ["test/package/setup.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
}

export default defineConfig({
  test: { projects: [node, workerd, ...(instances.length ? [browser] : []), built] },
})
