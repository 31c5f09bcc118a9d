import type { Entry } from "../entry.ts"
import { lifeText, nameOf, previewOf, sizeOf, sizeText } from "./text.ts"
import { element } from "./view.ts"

/** An entry under its key. */
export interface Listed {
  readonly key: string
  readonly entry: Entry<unknown>
}

/** The actions of a row's buttons. */
export interface Actions {
  expire(key: string): void
  remove(key: string): void
}

interface Row {
  readonly row: HTMLTableRowElement
  /** Draws what has changed; returns the approximate size of the value in bytes. */
  update(entry: Entry<unknown>): number
}

/** The rows of the table. A row lives as long as its key, so that focus is kept. */
export class Rows {
  readonly #body: HTMLTableSectionElement
  readonly #actions: Actions
  readonly #rows = new Map<string, Row>()

  constructor(body: HTMLTableSectionElement, actions: Actions) {
    this.#body = body
    this.#actions = actions
  }

  /** Shows `found`; returns the approximate size of the values in bytes. */
  show(found: readonly Listed[]): number {
    const kept = new Set(found.map(({ key }) => key))
    for (const [key, { row }] of this.#rows) {
      if (kept.has(key)) continue
      this.#leave(row)
      this.#rows.delete(key)
    }
    let bytes = 0
    for (const { key, entry } of found) {
      const row = this.#rows.get(key) ?? makeRow(key, this.#actions)
      if (!this.#rows.has(key)) this.#body.append(row.row)
      this.#rows.set(key, row)
      bytes += row.update(entry)
    }
    return bytes
  }

  /** Removes a row. If it has the focus, that moves to the next one. */
  #leave(row: HTMLTableRowElement): void {
    const root = row.getRootNode()
    const hadFocus = root instanceof ShadowRoot && row.contains(root.activeElement)
    const next = row.nextElementSibling ?? row.previousElementSibling
    row.remove()
    if (hadFocus) next?.querySelector("button")?.focus()
  }
}

/** The row of a key, still empty. */
function makeRow(key: string, actions: Actions): Row {
  // With roles, because screen readers ignore a table that CSS lays out differently.
  const cell = (name: string, ...children: readonly (Node | string)[]) =>
    element("td", { role: "cell", class: name }, ...children)
  const value = cell("value")
  const size = cell("size")
  const tags = cell("tags")
  const state = element("span", { class: "state" })
  const left = element("span", {})
  const bar = element("span", { class: "bar", "aria-hidden": "true" }, element("span", {}))
  const life = cell("life", state, " ", left, bar)
  const name = nameOf(key)
  const expire = element("button", { type: "button", "aria-label": `Expire ${name}` }, "Expire")
  const remove = element(
    "button",
    { type: "button", "aria-label": `Delete ${name}`, class: "danger" },
    "Delete",
  )
  expire.addEventListener("click", () => actions.expire(key))
  remove.addEventListener("click", () => actions.remove(key))
  const head = element("th", { scope: "row", role: "rowheader" }, name)
  const row = element("tr", { role: "row" }, head, value, size, tags, life, cell("actions", expire, remove))
  let createdAt = -1
  let bytes = 0

  function update(entry: Entry<unknown>): number {
    const time = Date.now()
    const end = entry.stale ? entry.staleUntil : entry.freshUntil
    const begin = entry.stale ? entry.freshUntil : entry.createdAt
    state.textContent = entry.stale ? "stale" : "fresh"
    state.dataset["state"] = state.textContent
    left.textContent = lifeText(end - time)
    const share = end === Infinity ? 1 : (end - time) / Math.max(1, end - begin)
    bar.dataset["state"] = state.textContent
    bar.style.setProperty("--share", String(Math.min(1, Math.max(0, share))))
    // A stale entry is already expired.
    expire.disabled = entry.stale
    if (entry.createdAt !== createdAt) {
      createdAt = entry.createdAt
      bytes = sizeOf(entry.value)
      value.textContent = previewOf(entry.value)
      size.textContent = sizeText(bytes)
      tags.replaceChildren(...entry.tags.map((tag) => element("span", { class: "tag" }, tag)))
    }
    return bytes
  }
  return { row, update }
}
