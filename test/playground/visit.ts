import { expect } from "vitest"

/** What is handed into a page and comes back from it. */
type Plain = string | number | boolean | null

/** A tab of a real browser. */
export interface Tab {
  /** Runs `read` in the page; it sees the page's globals and its arguments, nothing else. */
  run<A extends readonly Plain[], R>(read: (...args: A) => R | Promise<R>, ...args: A): Promise<R>
  /** Comes to the front and clicks what `selector` finds; "host >>> inner" looks into the host's shadow root. */
  click(selector: string): Promise<void>
  press(key: Key): Promise<void>
  close(): Promise<void>
}

/** Keys, as KeyboardEvent names them. */
export type Key = "Tab" | "Enter" | "End" | "ArrowRight"

/** A browser that is open, on a page that is served. */
export interface Visit {
  /** Opens a part of the playground in a tab of its own, when it is ready. */
  open(part: string): Promise<Tab>
}

const patience = 20_000 // ms

/** The text of what `selector` finds. */
export function textOf(tab: Tab, selector: string): Promise<string> {
  return tab.run((where) => document.querySelector(where)?.textContent ?? "", selector)
}

/** The texts of all that `selector` finds. */
export function textsOf(tab: Tab, selector: string): Promise<string[]> {
  return tab.run(
    (where) => [...document.querySelectorAll(where)].map((found) => found.textContent ?? ""),
    selector,
  )
}

export function countOf(tab: Tab, selector: string): Promise<number> {
  return tab.run((where) => document.querySelectorAll(where).length, selector)
}

/** Waits until the text of what `selector` finds holds `text`. */
export async function textIs(tab: Tab, selector: string, text: string, timeout = patience): Promise<void> {
  await expect.poll(() => textOf(tab, selector), { timeout, interval: 50 }).toContain(text)
}

/** Waits until there is something that `selector` finds. */
export async function appears(tab: Tab, selector: string, timeout = patience): Promise<void> {
  await expect.poll(() => countOf(tab, selector), { timeout, interval: 50 }).toBeGreaterThan(0)
}

/** Chooses an option, as a person would. */
export function choose(tab: Tab, selector: string, value: string): Promise<void> {
  return tab.run(
    (path, wanted) => {
      let place: Element | null = document.documentElement
      for (const step of path.split(" >>> "))
        place = (place?.shadowRoot ?? place)?.querySelector(step) ?? null
      if (!(place instanceof HTMLSelectElement)) throw new Error(`There is no select ${path}`)
      place.value = wanted
      if (place.value !== wanted) throw new Error(`${path} has no option ${wanted}`)
      for (const type of ["input", "change"]) place.dispatchEvent(new Event(type, { bubbles: true }))
    },
    selector,
    value,
  )
}
