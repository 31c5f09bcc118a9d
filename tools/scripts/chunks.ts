// For the build: which files lie together in one chunk.
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve, sep } from "node:path"
import type { Plugin } from "esbuild"
import { root } from "./run.ts"

/** Files that become one chunk, and which of the entries and of the files that load later import it. */
interface Shared {
  readonly files: readonly string[]
  readonly users: RegExp
}

const filesIn = (folder: string, names: string) => names.split(" ").map((name) => `${folder}/${name}.ts`)

const shared: readonly Shared[] = [
  {
    files: [
      "src/adapter.ts",
      ...filesIn(
        "src/base",
        "awaitable bytes clock duration errors kind listeners rules runtime thrown token",
      ),
    ],
    users: /^adapters\/|^src\/((codec|store)\/|(?!inspector)\w+\.ts$)/,
  },
  {
    // They ask for #workers, which takes Node longer than three files.
    files: filesIn("src/base", "alive environment"),
    users: /^adapters\/(indexeddb|sqlite|upstash)\b|^src\/(conformance|core|index|tiers|store\/near)\.ts$/,
  },
  {
    files: filesIn("src/base", "broadcast bus unref"),
    users: /^adapters\/(indexeddb|upstash\/channel)\.ts$|^src\/(tiers|store\/near)\.ts$/,
  },
  {
    files: [
      "src/entry.ts",
      ...filesIn("src/base", "short-lived weakly"),
      ...filesIn("src/codec", "clone codec holes native-errors object own-keys rules serializer"),
    ],
    users: /^src\/((codec|store)\/|(batch|codecs|conformance|core|index|tiers)\.ts$)/,
  },
]

/**
 * Lets each of `users` import all of `files`. Else esbuild makes a chunk for every set of them that has a file in
 * common: an import of the core alone would load twenty, and each takes Node some 0.3 ms. What a user needs nothing of
 * is no part of what a bundler makes of it.
 */
export const sharedChunks: Plugin = {
  name: "shared chunks",
  setup(build) {
    const files = new Set(shared.flatMap(({ files }) => files))
    const users = new Set([...Object.values(build.initialOptions.entryPoints ?? {}), ...lateFiles()])
    build.onResolve({ filter: /\.ts$/ }, ({ path, resolveDir, kind }) => {
      const full = resolve(kind === "entry-point" ? root : resolveDir, path)
      // Else an import that takes nothing would be left out.
      return files.has(nameOf(full)) ? { path: full, sideEffects: true } : undefined
    })
    build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const name = nameOf(path)
      if (!users.has(name)) return undefined
      const imported = shared.flatMap(({ files, users }) => (users.test(name) ? files : []))
      const imports = imported.map((file) => `\nimport ${JSON.stringify(join(root, file))}`)
      return { contents: readFileSync(path, "utf8") + imports.join(""), loader: "ts" }
    })
  },
}

/** The files that another one imports when something asks for them. */
function lateFiles(): readonly string[] {
  const sources = ["src", "adapters"].flatMap((folder) =>
    readdirSync(join(root, folder), { encoding: "utf8", recursive: true })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => join(root, folder, name)),
  )
  return sources.flatMap((source) => {
    const imports = readFileSync(source, "utf8").matchAll(/\bimport\("(\.[^"]+)"\)/g)
    return [...imports].map(([, path = ""]) => nameOf(join(dirname(source), path)))
  })
}

function nameOf(path: string): string {
  return relative(root, path).replaceAll(sep, "/")
}
