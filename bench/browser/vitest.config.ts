import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"
import { engineNames, engines, found } from "../../test/browser/engines.ts"

// npx vitest run --config bench/browser/vitest.config.ts     (after npm run build and npm ci --prefix bench)
// node bench/browser.ts makes tables of what it prints.
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  server: { fs: { allow: [fileURLToPath(new URL("../..", import.meta.url))] } },
  // Found late, they would make the page load anew.
  optimizeDeps: { include: ["dexie", "idb", "idb-keyval", "localforage"] },
  define: { mostEntries: process.env["ENTRIES"] ?? "10000" },
  test: {
    include: ["*.bench.ts"],
    testTimeout: 120_000,
    // One engine after the other: they share the machine.
    fileParallelism: false,
    browser: {
      enabled: true,
      headless: true,
      provider: engines(),
      instances: engineNames
        .filter((name) => found[name] && (process.env["ENGINES"] ?? name).split(",").includes(name))
        .map((browser) => ({ browser })),
      screenshotFailures: false,
    },
  },
})
