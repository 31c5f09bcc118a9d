import { isObject } from "./kind.ts"

/**
 * Lets the process end while `timer` runs, in runtimes that would wait for it (Node, Bun, Deno). For housekeeping,
 * which no caller waits for.
 */
export function unref(timer: unknown): void {
  if (isObject(timer) && "unref" in timer && typeof timer.unref === "function") {
    timer.unref()
  } else if (typeof timer === "number") {
    // In Deno a timer is a number.
    const deno: unknown = Reflect.get(globalThis, "Deno")
    if (isObject(deno) && "unrefTimer" in deno && typeof deno.unrefTimer === "function") {
      deno.unrefTimer(timer)
    }
  }
}
