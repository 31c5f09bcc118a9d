import type { Adapter } from "isocache"

/**
 * The KV of the Worker behind this page as a storage: each method is one of its routes.
 *
 * That is all an adapter takes; the engine runs here.
 */
export function remote(base: string): Adapter {
  async function ask(method: string, ...args: unknown[]): Promise<unknown> {
    const response = await fetch(`${base}${method}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(args, (_, value) => (value === Infinity ? null : value)),
    })
    const answer: { result?: unknown; error?: string } = await response.json()
    if (!response.ok) throw new Error(answer.error ?? `The Worker answered ${response.status}.`)
    return answer.result
  }
  return {
    name: "kv",
    medium: "text",
    get: (key) => ask("get", key).then((record) => record ?? undefined),
    set: async (key, record, ttl) => void (await ask("set", key, record, ttl)),
    delete: async (key) => (await ask("delete", key)) === true,
    clear: async (prefix) => void (await ask("clear", prefix)),
    async getMany(keys) {
      const found = await ask("getMany", keys)
      return Array.isArray(found) ? found.map((record) => record ?? undefined) : []
    },
    async *keys(prefix) {
      const found = await ask("keys", prefix)
      if (Array.isArray(found)) yield* found
    },
  }
}

/** What the Worker says when it uses the cache itself. */
export async function greeting(): Promise<string> {
  const response = await fetch("/kv/greeting", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "[]",
  })
  const { result }: { result?: unknown } = await response.json()
  return String(result)
}
