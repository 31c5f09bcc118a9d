/**
 * Lets the process end although `timer` runs, where the runtime counts timers (Node, Bun, Deno): for housekeeping, which
 * nobody waits for.
 */
export function unref(timer: unknown): void {
  if (typeof timer === "object" && timer !== null && "unref" in timer && typeof timer.unref === "function") {
    timer.unref()
  } else if (typeof timer === "number") {
    // Deno numbers its timers.
    const deno: unknown = Reflect.get(globalThis, "Deno")
    if (
      typeof deno === "object" &&
      deno !== null &&
      "unrefTimer" in deno &&
      typeof deno.unrefTimer === "function"
    ) {
      deno.unrefTimer(timer)
    }
  }
}
