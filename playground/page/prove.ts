import type { Adapter } from "isocache"
import { indexeddb } from "isocache/adapters/indexeddb"
import { memory } from "isocache/adapters/memory"
import type { ConformanceCase } from "isocache/conformance"
import { find, html } from "./dom.ts"

/** A storage for one case, empty, gone afterwards. */
interface Storage {
  open(): Adapter
  remove(): Promise<void>
}

interface Subject {
  readonly name: string
  readonly facts: readonly string[]
  make(): Storage
}

const patience = 30_000 // ms a case may take
let databases = 0

const subjects: readonly Subject[] = [
  { name: "memory", facts: [], make: () => ({ open: () => memory(), remove: async () => {} }) },
  {
    name: "indexeddb",
    facts: ["shared", "persistent"],
    make() {
      const name = `isocache proof ${Date.now()} ${databases++}`
      return { open: () => indexeddb({ name }), remove: () => deleteDatabase(name) }
    },
  },
]

/** "Prove it": the conformance suite over what this browser has, case by case. */
export function startProve(): void {
  const start = find("#prove-start", HTMLButtonElement)
  const progress = find("#prove-progress", HTMLProgressElement)
  const status = find("#prove-status", HTMLElement)
  const results = find("#prove-results", HTMLElement)

  start.addEventListener("click", () => {
    start.disabled = true
    delete results.dataset["done"]
    status.textContent = "Running …"
    run()
      .then(
        (text) => (status.textContent = text),
        (error: unknown) => (status.textContent = String(error)),
      )
      .finally(() => {
        start.disabled = false
        results.dataset["done"] = ""
      })
  })

  async function run(): Promise<string> {
    const suite = await import("isocache/conformance")
    const total = suite.conformance.length * subjects.length
    const counts = { held: 0, broken: 0, "left out": 0 }
    const begun = performance.now()
    results.replaceChildren()
    const all = subjects.map(async ({ name, facts, make }) => {
      const list = makeList(name, suite.conformance.length)
      results.append(list.card)
      for (const law of suite.conformance) {
        const from = performance.now()
        const result = await prove(law, make(), (adapter) => suite.missing(law, adapter, facts))
        counts[result.result]++
        progress.value = (counts.held + counts.broken + counts["left out"]) / total
        list.add(law.name, result, performance.now() - from)
      }
    })
    await Promise.all(all)
    const seconds = ((performance.now() - begun) / 1000).toFixed(1)
    const verdict = counts.broken === 0 ? "All laws hold" : `${counts.broken} broken`
    return `${verdict}: ${counts.held} held, ${counts["left out"]} left out for want of an ability, in ${seconds} s.`
  }
}

interface Result {
  readonly result: "held" | "broken" | "left out"
  readonly note?: string
}

async function prove(
  law: ConformanceCase,
  storage: Storage,
  missing: (adapter: Adapter) => string[],
): Promise<Result> {
  try {
    const lacking = missing(storage.open())
    if (lacking.length > 0) return { result: "left out", note: `needs ${lacking.join(", ")}` }
    await inTime(law.run(() => storage.open()))
    return { result: "held" }
  } catch (error) {
    return { result: "broken", note: error instanceof Error ? error.message : String(error) }
  } finally {
    await storage.remove()
  }
}

async function inTime(work: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`It took longer than ${patience / 1000} s`)), patience)
  })
  await Promise.race([work, late]).finally(() => clearTimeout(timer))
}

function makeList(name: string, total: number) {
  const count = html("span", {}, `0 of ${total}`)
  const list = html("ul", { tabindex: "0", "aria-label": `Laws over ${name}` })
  const card = html("div", { class: "card laws", "data-subject": name }, html("h3", {}, name, count), list)
  let done = 0
  const marks = { held: "✓", broken: "✗", "left out": "–" }
  return {
    card,
    add(law: string, { result, note }: Result, ms: number) {
      const mark = html("span", { role: "img", "aria-label": result }, marks[result])
      const row = html(
        "li",
        { "data-result": result },
        mark,
        law,
        html("small", {}, result === "left out" ? "" : `${Math.round(ms)} ms`),
      )
      if (result === "broken" && note) row.append(html("p", {}, note))
      if (note) row.title = note
      list.append(row)
      list.scrollTop = list.scrollHeight
      count.textContent = `${++done} of ${total}`
    },
  }
}

function deleteDatabase(name: string): Promise<void> {
  return new Promise((resolve) => {
    const request = indexedDB.deleteDatabase(name)
    // Whatever comes of it: the next case has a database of its own.
    request.onsuccess = request.onerror = request.onblocked = () => resolve()
  })
}
