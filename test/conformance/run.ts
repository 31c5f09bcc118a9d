// The laws on the built package, in whatever runtime executes this: bundled with packages left external, so that
// `isocache` is what package.json's exports say. Prints one line per adapter, and the failed laws by name.
import type { Adapter } from "isocache/conformance"
import { type ConformanceCase, conformance, missing } from "isocache/conformance"
import { custom, type Shelf } from "../support/adapters.ts"

/** An adapter to run on: `load` gives a maker of empty storages. */
interface Subject {
  readonly name: string
  readonly facts: readonly string[]
  load(): Promise<() => { open(): Adapter; remove?(): void }>
}

const subjects: Subject[] = [
  {
    name: "memory",
    facts: [],
    async load() {
      const { memory } = await import("isocache/adapters/memory")
      return () => ({ open: () => memory() })
    },
  },
  {
    name: "sqlite",
    facts: ["shared", "persistent"],
    async load() {
      const { sqlite } = await import("isocache/adapters/sqlite")
      const { mkdtempSync, rmSync } = process.getBuiltinModule("node:fs")
      const { tmpdir } = process.getBuiltinModule("node:os")
      await probe(sqlite({ path: ":memory:" }))
      return () => {
        const folder = mkdtempSync(`${tmpdir()}/isocache-`)
        return {
          open: () => sqlite({ path: `${folder}/cache.sqlite` }),
          remove: () => rmSync(folder, { recursive: true, force: true }),
        }
      }
    },
  },
  {
    name: "none",
    facts: ["forgets"],
    async load() {
      const { none } = await import("isocache/adapters/none")
      return () => ({ open: () => none() })
    },
  },
]

// The two media that no adapter above has, as somebody else would write them.
for (const medium of ["object", "bytes"] as const) {
  subjects.push({
    name: `custom ${medium}`,
    facts: ["shared", "persistent"],
    load: async () => () => {
      const shelf: Shelf = new Map()
      return { open: () => custom(medium, "async", shelf) }
    },
  })
}

let total = 0
let broken = 0
for (const subject of subjects) {
  const label = `${runtime()} ${subject.name}`
  let make: Awaited<ReturnType<Subject["load"]>>
  try {
    make = await subject.load()
  } catch (error) {
    console.log(`${label}: not here (${error instanceof Error ? error.message : String(error)})`)
    continue
  }
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for (const law of conformance) {
    const result = await outcome(law, make(), subject.facts)
    counts[result.is]++
    if (result.is === "failed") console.log(`${label}: FAILED ${law.name}\n    ${result.why}`)
  }
  console.log(`${label}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
  total += counts.passed
  broken += counts.failed
}
if (broken > 0 || total === 0) process.exitCode = 1

type Outcome = { readonly is: "passed" | "skipped" } | { readonly is: "failed"; readonly why: string }

async function outcome(
  law: ConformanceCase,
  storage: { open(): Adapter; remove?(): void },
  facts: readonly string[],
): Promise<Outcome> {
  try {
    const probe = storage.open()
    const lacking = missing(law, probe, facts)
    await probe.close?.()
    if (lacking.length > 0) return { is: "skipped" }
    await law.run(() => storage.open())
    return { is: "passed" }
  } catch (error) {
    return { is: "failed", why: error instanceof Error ? error.message : String(error) }
  } finally {
    storage.remove?.()
  }
}

/** Fails where the storage cannot be had, as SQLite on Node 20. */
async function probe(adapter: Adapter): Promise<void> {
  await adapter.open?.()
  await adapter.get("k")
  await adapter.close?.()
}

/** The runtime by name and version. Node comes last: the others claim to be it. */
function runtime(): string {
  const { deno, bun, node } = process.versions as Partial<Record<string, string>>
  if (deno !== undefined) return `deno ${deno}`
  return bun === undefined ? `node ${node}` : `bun ${bun}`
}
