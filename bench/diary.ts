// The diary of sizes: what each feature of core and memory costs, measured by taking it out.
//   node bench/diary.ts            writes bench/SIZE.md; --print only prints it
// Taken out: its files are cut from the minified bundle, and the difference in brotli is what it costs beside all the
// rest. The sum is less than the whole: what two files say alike, brotli says once.
import { writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { brotliCompressSync, constants } from "node:zlib"
import { build, type Plugin, transform } from "esbuild"
import { budgets, measure } from "../tools/scripts/size.ts"
import { table } from "./measure.ts"

const root = fileURLToPath(new URL("..", import.meta.url))

/** Every file belongs to the first feature that names it, or its folder. */
const features: Readonly<Record<string, readonly string[]>> = {
  "memory adapter: bounds, S3-FIFO, LRU": ["adapters/memory"],
  "isolation: copies of plain data in and out": [
    "src/codec/clone.ts",
    "src/codec/object.ts",
    "src/codec/holes.ts",
    "src/codec/path.ts",
    "src/codec/native-errors.ts",
  ],
  "the choice of a codec (codecs themselves load later)": ["src/codec"],
  "getOrSet: flights, loads, stale values, time limits": [
    "src/policy/get-or-set.ts",
    "src/policy/flight.ts",
    "src/policy/flights.ts",
    "src/policy/awaited.ts",
    "src/policy/holder.ts",
    "src/policy/outcome.ts",
    "src/policy/patience.ts",
    "src/policy/waiting.ts",
    "src/policy/load.ts",
    "src/policy/call.ts",
    "src/policy/context.ts",
    "src/policy/timeout.ts",
    "src/policy/backoff.ts",
    "src/policy/behind.ts",
    "src/policy/early.ts",
    "src/loading.ts",
  ],
  "leases between processes": ["src/policy/lease.ts"],
  "REENTRANT: a fallback that asks for its own key": ["src/policy/reentry.ts"],
  "Workers: waitUntil, scopes of requests": [
    "src/policy/scope.ts",
    "src/policy/turn.ts",
    "src/base/workers",
    "src/base/alive.ts",
  ],
  "tags and regions ended by versions": [
    "src/policy/versions.ts",
    "src/policy/token-reads.ts",
    "src/policy/tokens.ts",
    "src/policy/marks.ts",
    "src/base/token.ts",
  ],
  getOrSetMany: ["src/policy/many.ts", "src/policy/answers.ts", "src/policy/gather.ts"],
  "explicit writes: set, delete, expire, touch, fences, order": [
    "src/policy/write.ts",
    "src/policy/rewrite.ts",
    "src/policy/ordered.ts",
    "src/policy/lane.ts",
    "src/policy/queue.ts",
    "src/policy/queued.ts",
    "src/writing.ts",
  ],
  "clear, invalidate, prune, keys": ["src/policy/sweep.ts"],
  "memoize, memoizeMany": ["src/memoize.ts", "src/memoize-many.ts"],
  batch: ["src/batch.ts", "src/policy/draft.ts", "src/policy/watching.ts", "src/store/overlay.ts"],
  "regions, generators, their options": [
    "src/regions.ts",
    "src/region.ts",
    "src/reader.ts",
    "src/policy/place.ts",
  ],
  "keys: canonical, injective text": ["src/key.ts"],
  "options and their checks": ["src/policy/options.ts", "src/base/duration.ts", "src/kit.ts"],
  "events, metrics": ["src/policy/hub.ts", "src/policy/counters.ts", "src/base/events.ts"],
  "reading: get, getEntry, getMany, peek": [
    "src/reading.ts",
    "src/hits.ts",
    "src/policy/find.ts",
    "src/policy/found.ts",
    "src/policy/entries.ts",
  ],
  "storages: opening, swapping, closing": [
    "src/wrapper.ts",
    "src/source.ts",
    "src/policy/engine.ts",
    "src/policy/opening.ts",
    "src/policy/busy.ts",
    "src/homes.ts",
    "src/store",
  ],
  "base: errors, clock, entry": ["src"],
}

const lazyLeftOut: Plugin = {
  name: "lazy imports left out",
  setup(build) {
    build.onResolve({ filter: /./ }, ({ kind, path }) =>
      kind === "dynamic-import" ? { path, external: true } : undefined,
    )
  },
}

/** The names that the bundle exports: some hundred bytes, which refer to what may have been cut out. */
const exportsAtEnd = /\nexport \{[^}]*\};?\s*$/

interface Part {
  readonly file: string
  readonly text: string
}

/** The bundle in the order of its files, names and syntax minified, so that any file can be cut out. */
async function partsOf(code: string): Promise<Part[]> {
  const built = await build({
    stdin: { contents: code, resolveDir: root, sourcefile: "entry.js" },
    absWorkingDir: root,
    bundle: true,
    minifySyntax: true,
    minifyIdentifiers: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
    logLevel: "silent",
    plugins: [lazyLeftOut],
  })
  // esbuild heads each file with a comment that names it.
  const text = (built.outputFiles[0]?.text ?? "").replace(exportsAtEnd, "")
  const [, ...pieces] = text.split(/^\/\/ (\S+\.[jt]s)$/m)
  const parts: Part[] = []
  for (let i = 0; i < pieces.length; i += 2) parts.push({ file: pieces[i] ?? "", text: pieces[i + 1] ?? "" })
  return parts
}

/** Minified text of `parts`, which may refer to what was cut out. */
async function minified(parts: readonly Part[]): Promise<string> {
  const text = parts.map(({ text }) => text).join("")
  return (await transform(text, { minifyWhitespace: true, format: "esm" })).code
}

async function brotli(parts: readonly Part[]): Promise<number> {
  const text = await minified(parts)
  return brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length
}

const parts = await partsOf("export * from './src/core.ts'; export { memory } from './adapters/memory.ts'")
const whole = await brotli(parts)
const featureOf = (file: string) =>
  Object.entries(features).find(([, paths]) => paths.some((path) => file.startsWith(path)))?.[0] ??
  "the names it exports"
const count = (bytes: number) => bytes.toLocaleString("en")

/** Rows for `names`, the costliest first; `of` tells which of them a file belongs to. */
async function costs(
  names: Iterable<string>,
  of: (file: string) => string,
): Promise<[string, number, number][]> {
  const rows: [string, number, number][] = []
  for (const name of new Set(names)) {
    const own = parts.filter(({ file }) => of(file) === name)
    const rest = parts.filter(({ file }) => of(file) !== name)
    rows.push([name, (await minified(own)).length, whole - (await brotli(rest))])
  }
  return rows.sort((one, other) => other[2] - one[2])
}

const shown = (rows: readonly [string, number, number][]) =>
  rows.map(([name, bytes, cost]) => [name, count(bytes), count(cost)])
const byFeature = await costs(
  parts.map(({ file }) => featureOf(file)),
  featureOf,
)
const byFile = await costs(
  parts.map(({ file }) => file),
  (file) => file,
)

const sum = byFeature.reduce((all, [, , cost]) => all + cost, 0)
const entries: string[][] = []
for (const [name, { code, limit }] of budgets()) {
  const { text, first, lazy } = await measure(code)
  entries.push([name, count(text.length), count(first), count(limit), lazy > 0 ? count(lazy) : "–"])
}

/** What stands below every verb, smallest first: each is bundled with all that are above it. */
const below: Readonly<Record<string, string>> = {
  "`parseDuration`, `CacheError`": "./src/base/duration.ts",
  "`key()`: canonical, injective": "./src/key.ts",
  "copies of plain data, cycles and all": "./src/codec/clone.ts",
  "`memory()`: bounds, S3-FIFO, LRU": "./adapters/memory.ts",
  "versions of tags and regions": "./src/policy/versions.ts",
  "events and metrics": "./src/policy/hub.ts",
}
const floor: string[][] = []
const imports: string[] = []
for (const [name, file] of Object.entries(below)) {
  imports.push(`export * from "${file}"`)
  const bundle = await partsOf(imports.join(";"))
  floor.push([name, count((await minified(bundle)).length), count(await brotli(bundle))])
}

const text = `# What each feature costs

\`node bench/diary.ts\` wrote this on ${new Date().toISOString().slice(0, 10)}: bytes after esbuild's minifying and brotli 11, of what loads at once.
The target of \`isocache/core\` with memory is 3 500 bytes; it is **${count(whole)}** now. What counts in CI is tools/size.json.

## Core and memory, by feature

Taken out means: its files are cut from the minified bundle, all the rest stays. The costs add up to ${count(sum)}: what two
files say alike, brotli says once.

${table(["feature", "minified", "brotli, taken out"], shown(byFeature))}

## What stands below the verbs

These parts of the contract, each with those above it, and nothing that gets, sets or loads: that is more than the
target already.

${table(["with", "minified", "brotli"], floor)}

## By file

${table(["file", "minified", "brotli, taken out"], shown(byFile))}

## The entries

As a consumer gets them from the built package; "later" are chunks that load when something asks for them, if ever.

${table(["entry", "minified", "brotli", "budget", "later, brotli"], entries)}
`
if (process.argv.includes("--print")) console.log(text)
else writeFileSync(new URL("SIZE.md", import.meta.url), text)
