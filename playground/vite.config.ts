import { fileURLToPath } from "node:url"
import { defineConfig } from "vite"

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))

/** The page, on the sources of the library. `serve.ts` builds it into memory. */
export default defineConfig({
  root: import.meta.dirname,
  logLevel: "error",
  resolve: {
    alias: [
      { find: /^isocache$/, replacement: path("../src/index.ts") },
      { find: /^isocache\/adapters\/(\w+)$/, replacement: `${path("../adapters")}/$1.ts` },
      { find: /^isocache\/(\w+)$/, replacement: `${path("../src")}/$1.ts` },
    ],
  },
  build: {
    target: "es2023",
    // These have light-dark(). For older ones Vite replaces it by what heeds the browser's scheme, not the page's.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    modulePreload: { polyfill: false },
  },
})
