import { defineConfig } from "tsup"
import { sharedChunks } from "./tools/scripts/chunks.ts"

const entry = {
  index: "src/index.ts",
  core: "src/core.ts",
  tiers: "src/tiers.ts",
  codecs: "src/codecs.ts",
  proxies: "src/proxies.ts",
  conformance: "src/conformance.ts",
  testing: "src/testing.ts",
  inspector: "src/inspector.ts",
  "adapters/memory": "adapters/memory.ts",
  "adapters/indexeddb": "adapters/indexeddb.ts",
  "adapters/kv": "adapters/kv.ts",
  "adapters/upstash": "adapters/upstash.ts",
  "adapters/sqlite": "adapters/sqlite.ts",
  "adapters/none": "adapters/none.ts",
  workers: "src/base/workers.ts",
  "workers.workerd": "src/base/workers.workerd.ts",
}

// One run for all entries, so that what they share (CacheError, the singletons) exists once, in a chunk.
export default defineConfig({
  entry,
  format: ["esm"],
  target: "es2022",
  platform: "neutral",
  splitting: true,
  treeshake: false,
  minify: false, // minifying strips @vite-ignore and folds constants back into literal imports
  sourcemap: false,
  clean: true,
  dts: false, // tsup's own cannot use TypeScript 7; tsc emits them (tsconfig.build.json)
  removeNodeProtocol: false, // the default turns node:sqlite into "sqlite", which does not exist
  external: [/^node:/, /^bun:/, /^cloudflare:/],
  esbuildPlugins: [
    sharedChunks,
    {
      // Left open in the build: package.json's "imports" leads #workers to one of the two files, by runtime.
      name: "workers",
      setup(build) {
        build.onResolve({ filter: /\/workers\.ts$/ }, ({ kind }) =>
          kind === "entry-point" ? undefined : { path: "#workers", external: true, sideEffects: false },
        )
      },
    },
  ],
})
