import type { Adapter } from "isocache"
import type { ConformanceCase } from "isocache/conformance"
import { find, html } from "./dom.ts"
import { makeLaws, type Result } from "./laws.ts"
import { type Storage, type Subject, subjects } from "./subjects.ts"

const patience = 30_000 // ms a case may take

/** "Prove it": the conformance suite over what this browser has, case by case. */
export function startProve(): void {
  const start = find("#prove-start", HTMLButtonElement)
  const progress = find("#prove-progress", HTMLProgressElement)
  const status = find("#prove-status", HTMLElement)
  const results = find("#prove-results", HTMLElement)
  const boxes = subjects.map(({ name, title }) => {
    const box = html("input", { type: "checkbox", name: "subject", value: name })
    box.checked = true
    find("#subjects", HTMLElement).append(html("label", {}, box, title))
    return box
  })

  start.addEventListener("click", () => {
    start.disabled = true
    delete results.dataset["done"]
    status.textContent = "Running …"
    run(subjects.filter((_, at) => boxes[at]?.checked))
      .then(
        (text) => (status.textContent = text),
        (error: unknown) => (status.textContent = String(error)),
      )
      .finally(() => {
        start.disabled = false
        results.dataset["done"] = ""
      })
  })

  async function run(chosen: readonly Subject[]): Promise<string> {
    results.replaceChildren()
    progress.value = 0
    if (chosen.length === 0) return "Choose a storage."
    const suite = await import("isocache/conformance")
    const total = suite.conformance.length * chosen.length
    const counts = { held: 0, broken: 0, "left out": 0 }
    const begun = performance.now()
    const all = chosen.map(async ({ title, name, facts, make }) => {
      const list = makeLaws(name, title, suite.conformance.length)
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
