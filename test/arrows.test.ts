import { globSync, readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { expect, test } from "vitest"

const root = join(import.meta.dirname, "..")

/** The ranks of src, from the ground up: imports point down or stay on their rank, never up. */
const ranks: readonly (readonly string[])[] = [
  ["base/"],
  ["adapter.ts", "entry.ts", "key.ts"],
  ["proxies.ts", "proxies/", "codec/"],
  ["codecs.ts", "store/"],
  ["tiers.ts", "policy/"],
  ["kit.ts", "source.ts"],
  [
    "reading.ts",
    "loading.ts",
    "batch.ts",
    "generated.ts",
    "hits.ts",
    "homes.ts",
    "memoize.ts",
    "memoize-many.ts",
    "reader.ts",
    "region.ts",
    "regions.ts",
    "writing.ts",
  ],
  ["wrapper.ts"],
  ["aliases.ts", "cached.ts", "memoized.ts", "settings.ts"],
  ["types.ts"],
  ["core.ts"],
  ["conformance/", "conformance.ts", "testing/", "testing.ts", "inspector/", "inspector.ts"],
  ["index.ts"],
]

/** The one place that may name each thing from outside. */
const homes: Readonly<Record<string, RegExp>> = {
  idb: /^adapters\/indexeddb[./]/,
  "@upstash/redis": /^adapters\/upstash[./]/,
  superjson: /^src\/codec\//,
  "cloudflare:workers": /^src\/base\/workers\.workerd\.ts$/,
}

interface Arrow {
  readonly from: string
  /** A file below the root, or the name of a package. */
  readonly to: string
  /** "load": when the module loads; "lazy": by `import()`; "type": nothing is left of it at run time. */
  readonly when: "load" | "lazy" | "type"
}

const files = globSync("{src,adapters}/**/*.ts", { cwd: root }).sort()
const lines = new Map(files.map((file) => [file, readFileSync(join(root, file), "utf8").split("\n")]))
const arrows = files.flatMap(arrowsOf)

function arrowsOf(from: string): Arrow[] {
  const code = (lines.get(from) ?? []).filter((line) => !/^\s*(\/\/|\*|\/\*)/.test(line)).join("\n")
  const statements = code.matchAll(
    /^(?:import|export)\b([^"'()=]*?)(?:\bfrom\s|(?<=import\s))\s*"([^"\n]+)"/gm,
  )
  const calls = code.matchAll(/\bimport\(\s*(?:\/\*.*?\*\/\s*)?"([^"\n]+)"/g)
  return [
    ...[...statements].map(([, names = "", to = ""]) =>
      arrow(from, to, names.trim().startsWith("type") ? "type" : "load"),
    ),
    ...[...calls].map(([, to = ""]) => arrow(from, to, "lazy")),
  ]
}

function arrow(from: string, to: string, when: Arrow["when"]): Arrow {
  return { from, to: to.startsWith(".") ? relative(root, join(root, dirname(from), to)) : to, when }
}

/** The package of a specifier, where it has a home. */
function packageOf(to: string): string | undefined {
  return Object.keys(homes).find((home) => to === home || to.startsWith(`${home}/`))
}

function rankOf(file: string): number {
  const name = file.replace(/^src\//, "")
  return ranks.findIndex((rank) =>
    rank.some((part) => (part.endsWith("/") ? name.startsWith(part) : name === part)),
  )
}

const show = ({ from, to }: Arrow): string => `${from} -> ${to}`

test("every file of src has its rank", () => {
  expect(files.length).toBeGreaterThan(20)
  expect(files.filter((file) => file.startsWith("src/") && rankOf(file) < 0)).toEqual([])
})

test("imports of src point down the ranks", () => {
  const inside = arrows.filter(({ from, to }) => from.startsWith("src/") && to.startsWith("src/"))
  expect(inside.length).toBeGreaterThan(20)
  expect(inside.filter(({ from, to }) => rankOf(to) > rankOf(from)).map(show)).toEqual([])
})

test("an adapter knows the contract, the base and its own folder, nothing else", () => {
  const strangers = arrows.filter(({ from, to }) => {
    if (!from.startsWith("adapters/") || packageOf(to)) return false
    const own = from.replace(/^(adapters\/\w+).*$/, "$1/")
    return !(to === "src/adapter.ts" || to.startsWith("src/base/") || to.startsWith(own))
  })
  expect(strangers.map(show)).toEqual([])
})

/** Who may name an adapter, and how: its type only, or lazily. */
const namers: readonly { from: string; to: RegExp; when: Arrow["when"] }[] = [
  { from: "src/aliases.ts", to: /./, when: "lazy" },
  { from: "src/cached.ts", to: /./, when: "type" },
  { from: "src/store/near.ts", to: /^adapters\/memory\.ts$/, when: "lazy" }, // a near tier is memory
  { from: "src/store/upstash-bus.ts", to: /^adapters\/upstash\/channel\.ts$/, when: "lazy" },
  { from: "src/store/upstash-bus.ts", to: /^adapters\/upstash\/channel\.ts$/, when: "type" },
]

test("adapters are loaded by the alias table, and lazily", () => {
  const named = arrows.filter(({ from, to }) => from.startsWith("src/") && to.startsWith("adapters/"))
  const astray = named.filter(
    ({ from, to, when }) => !namers.some((may) => may.from === from && may.to.test(to) && may.when === when),
  )
  expect(astray.map(show)).toEqual([])
})

test("each package is imported in its one place, and no other package at all", () => {
  const outside = arrows.filter(({ to }) => !/^(src|adapters)\//.test(to))
  const astray = outside.filter(({ from, to }) => {
    const name = packageOf(to)
    return !name || !homes[name]?.test(from)
  })
  expect(astray.map(show)).toEqual([])
})

test("no two files wait for each other while they load", () => {
  const next = new Map<string, string[]>()
  for (const { from, to, when } of arrows) {
    if (when === "load" && lines.has(to)) next.set(from, [...(next.get(from) ?? []), to])
  }
  const done = new Set<string>()
  const knots: string[] = []
  const walk = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) knots.push([...path.slice(path.indexOf(file)), file].join(" -> "))
    if (path.includes(file) || done.has(file)) return
    for (const to of next.get(file) ?? []) walk(to, [...path, file])
    done.add(file)
  }
  for (const file of files) walk(file, [])
  expect(knots).toEqual([])
})

test("a file holds one idea: 250 lines at most", () => {
  const long = files
    .map((file) => [file, (lines.get(file)?.length ?? 1) - 1] as const)
    .filter(([, n]) => n > 250)
  expect(long).toEqual([])
})
