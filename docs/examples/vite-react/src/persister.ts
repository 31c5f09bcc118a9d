import type { PersistedClient, Persister } from "@tanstack/react-query-persist-client"
import { cached } from "isocache"

// IndexedDB, which `cached` opens by itself in browsers, with memory in front; the tabs of this origin share it.
const queries = cached.region("queries", { ttl: "30 days" })
const all = "all"

/** Keeps TanStack Query's results as they are, dates and Maps included: no serializer is needed. */
export const persister: Persister = {
  async persistClient(client) {
    await queries.set(all, client)
    if (client.clientState.queries.length > 0) document.documentElement.dataset["data"] = "kept"
  },
  restoreClient: () => queries.get<PersistedClient>(all),
  async removeClient() {
    await queries.delete(all)
  },
}
