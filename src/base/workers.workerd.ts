import * as cloudflare from "cloudflare:workers"
import type { Workers } from "./workers.ts"

// Accessed by name on the whole module: bundlers turn `cloudflare.waitUntil` into a named import, and a named import
// that an older runtime lacks is a SyntaxError of the whole Worker.
const waitUntil: unknown = Reflect.get(cloudflare, "waitUntil")

/** The current Worker. Replaces `workers.ts` under the `workerd` condition. */
export const workers: Workers = {
  // The runtime's own object, whose members are the bindings; older runtimes have none.
  env: () => Reflect.get(cloudflare, "env") as Readonly<Record<string, unknown>> | undefined,
  ...(typeof waitUntil === "function" && {
    waitUntil: (promise: Promise<unknown>): void => {
      waitUntil(promise)
    },
  }),
}
