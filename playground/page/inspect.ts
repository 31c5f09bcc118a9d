import type { InspectorElement } from "isocache/inspector"
import { find } from "./dom.ts"
import type { Lab } from "./lab.ts"

const names = ["Ada", "Grace", "Edsger", "Barbara", "Alan", "Katherine"]

/** Gives the inspector its cache, and some entries to look at. Answers what to do when it is shown. */
export function startInspect(lab: Lab): () => void {
  const { cache } = lab
  // defineInspector has made it one.
  const panel = find("isocache-inspector", HTMLElement) as HTMLElement & InspectorElement
  find("#samples", HTMLButtonElement).addEventListener("click", () => void addSamples(cache))
  return () => {
    find("#inspect-storage", HTMLElement).textContent = lab.storage
    panel.cache = cache
  }
}

async function addSamples(cache: Lab["cache"]): Promise<void> {
  await cache.batch(async (batch) => {
    for (const [id, name] of names.entries()) {
      const user = { id, name, seen: new Date(), roles: new Set(["reader", ...(id % 2 ? ["writer"] : [])]) }
      await batch.set(["user", id], user, {
        ttl: 15_000 * (id + 1),
        grace: "1m",
        tags: ["users", ...(id % 2 ? ["writers"] : [])],
      })
    }
    await batch.set(
      "rates",
      new Map([
        ["EUR", 1],
        ["USD", 1.08],
      ]),
      { ttl: "8s", grace: "20s", tags: ["rates"] },
    )
    await batch.set("config", { theme: "dark", limits: { perMinute: 600 } }, { ttl: Infinity })
    await batch.set("thumbnail", new Uint8Array(4096), { ttl: "2h", tags: ["images"] })
  })
}
