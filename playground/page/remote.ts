import type { Adapter } from "isocache"

/**
 * The KV of the Worker behind this page as a storage: each method is one of its routes.
 *
 * That is all an adapter takes; the engine runs here.
 */
export function remote(base: string): Adapter {
  return {
    name: "kv",
    medium: "text",
    get: (key) => ask(base, "get", key).then((record) => record ?? undefined),
    set: async (key, record, ttl) => void (await ask(base, "set", key, record, ttl)),
    delete: async (key) => (await ask(base, "delete", key)) === true,
    clear: async (prefix) => void (await ask(base, "clear", prefix)),
    async getMany(keys) {
      const found = await ask(base, "getMany", keys)
      return Array.isArray(found) ? found.map((record) => record ?? undefined) : []
    },
    async *keys(prefix) {
      const found = await ask(base, "keys", prefix)
      if (Array.isArray(found)) yield* found
    },
  }
}

/** What the Worker says when it uses the cache itself. */
export async function greeting(): Promise<string> {
  return String(await ask("/kv/", "greeting"))
}

async function ask(base: string, method: string, ...args: unknown[]): Promise<unknown> {
  const response = await fetch(`${base}${method}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    // JSON makes null of Infinity: for ever.
    body: JSON.stringify(args),
  })
  const answer: { result?: unknown; error?: string } = await response.json()
  if (!response.ok) throw new Error(answer.error ?? `The Worker answered ${response.status}.`)
  return answer.result
}
