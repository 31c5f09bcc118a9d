// Every bundler that people use, each called as they call it, on a folder with a main.mjs in it.
import { join } from "node:path"
import { nodeResolve } from "@rollup/plugin-node-resolve"
import { build as esbuild } from "esbuild"
import { rollup } from "rollup"
import { createLogger, build as vite } from "vite"
import { type Configuration, webpack } from "webpack"
import { printed } from "./entries.ts"
import { wrangler } from "./wrangler.ts"

export interface Bundled {
  readonly warnings: readonly string[]
  /** What the bundle prints; absent where it cannot run here. */
  readonly run?: () => Promise<string>
}

type Bundler = (folder: string) => Promise<Bundled>

export const bundlers: Readonly<Record<string, Bundler>> = {
  "esbuild for browsers": async (folder) => {
    const { warnings } = await esbuild({
      entryPoints: [join(folder, "main.mjs")],
      bundle: true,
      splitting: true,
      format: "esm",
      platform: "browser",
      target: "es2022",
      outdir: join(folder, "out"),
      outExtension: { ".js": ".mjs" },
      logLevel: "silent",
    })
    return { warnings: warnings.map(({ text }) => text), run: () => printed(join(folder, "out/main.mjs")) }
  },

  "Vite for browsers": async (folder) => {
    const warnings: string[] = []
    const customLogger = createLogger("silent")
    customLogger.warn = customLogger.warnOnce = (text) => void warnings.push(text)
    await vite({
      root: folder,
      configFile: false,
      customLogger,
      logLevel: "silent",
      build: {
        outDir: "out",
        target: "es2022",
        modulePreload: false,
        rolldownOptions: { input: join(folder, "main.mjs"), output: { entryFileNames: "main.mjs" } },
      },
    })
    return { warnings, run: () => printed(join(folder, "out/main.mjs")) }
  },

  rollup: async (folder) => {
    const warnings: string[] = []
    const bundle = await rollup({
      input: join(folder, "main.mjs"),
      plugins: [nodeResolve()],
      onwarn: ({ message, ids = [] }) => {
        // Its loops, its matter: only what concerns this package counts.
        if (ids.length === 0 || ids.some((id) => id.includes("isocache"))) warnings.push(message)
      },
    })
    await bundle.write({ dir: join(folder, "out"), format: "es", entryFileNames: "main.mjs" })
    await bundle.close()
    return { warnings, run: () => printed(join(folder, "out/main.mjs")) }
  },

  "webpack for Node": async (folder) => ({
    warnings: await pack(folder, "node22"),
    run: () => printed(join(folder, "out/main.mjs")),
  }),

  "webpack for browsers": async (folder) => ({ warnings: await pack(folder, ["web", "es2022"]) }),

  wrangler,
}

/** Webpack's warnings; its errors are thrown. */
async function pack(folder: string, target: string | string[]): Promise<string[]> {
  const configuration: Configuration = {
    mode: "production",
    target,
    context: folder,
    entry: "./main.mjs",
    experiments: { outputModule: true },
    output: { path: join(folder, "out"), filename: "main.mjs", module: true, chunkFormat: "module" },
    performance: { hints: false },
    optimization: { minimize: false }, // another tool's work, and most of the time
  }
  const stats = await new Promise<import("webpack").Stats | undefined>((resolve, reject) => {
    const compiler = webpack(configuration)
    compiler.run((error, result) => {
      compiler.close(() => (error ? reject(error) : resolve(result)))
    })
  })
  const { errors = [], warnings = [] } = stats?.toJson({ all: false, errors: true, warnings: true }) ?? {}
  if (errors.length) throw new Error(errors.map(({ message }) => message).join("\n"))
  return warnings.map(({ message }) => message)
}
