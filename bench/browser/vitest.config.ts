import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"
import { engineNames, engines, found } from "../../test/browser/engines.ts"

// npx vitest run --config bench/browser/vitest.config.ts     (after npm ci --prefix bench)
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  server: { fs: { allow: [fileURLToPath(new URL("../..", import.meta.url))] } },
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
