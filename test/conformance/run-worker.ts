// The laws in a Worker, asked with the address of the desk.
import type { KVLike } from "isocache/adapters/kv"
import { run } from "./cells.ts"

export default {
  /** Answers at once, and ends its answer when the laws have run: a request is alive until then. */
  fetch(request: Request, env: { readonly CACHE: KVLike }): Response {
    const { readable, writable } = new TransformStream()
    const desk = new URL(request.url).searchParams.get("desk") ?? ""
    const end = run({ desk, binding: env.CACHE }).finally(() => writable.close())
    end.catch((error: unknown) => console.error(error))
    return new Response(readable)
  },
}
