import { style } from "./style.ts"

/** The changing parts of the panel. */
export interface View {
  readonly filter: HTMLInputElement
  readonly summary: HTMLElement
  readonly tags: HTMLSelectElement
  readonly tagged: HTMLButtonElement
  readonly invalidate: HTMLButtonElement
  readonly prune: HTMLButtonElement
  readonly clear: HTMLButtonElement
  readonly status: HTMLElement
  readonly body: HTMLTableSectionElement
  readonly empty: HTMLElement
}

/** Builds the panel in `root`, without markup strings, so that every content security policy allows it. */
export function buildView(root: ShadowRoot): View {
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(style)
  root.adoptedStyleSheets = [sheet]
  const button = (text: string, title: string, kind = "") =>
    element("button", { type: "button", title, class: kind }, text)

  const filter = element("input", { type: "search", placeholder: "Filter keys", "aria-label": "Filter keys" })
  const summary = element("span", { class: "summary" })
  const tags = element("select", { "aria-label": "Tag" })
  const tagged = button("Invalidate tag", "End every entry with the tag")
  const invalidate = button("Invalidate all", "End every entry, in one step")
  const prune = button("Prune", "Drop what is past its grace")
  const clear = button("Clear", "Remove every entry from the storage", "danger")
  const status = element("p", { role: "status", class: "status" })
  const head = ["Key", "Value", "Size", "Tags", "Deadline"].map((name) =>
    element("th", { scope: "col", role: "columnheader" }, name),
  )
  const actions = element(
    "th",
    { scope: "col", role: "columnheader" },
    element("span", { class: "hidden" }, "Actions"),
  )
  const body = element("tbody", { role: "rowgroup" })
  const empty = element("p", { class: "empty" }, "No entries.")
  root.append(
    element(
      "div",
      { class: "tools", role: "group", "aria-label": "The whole cache" },
      filter,
      summary,
      element("span", { class: "pair" }, tags, tagged),
      invalidate,
      prune,
      clear,
    ),
    element(
      "table",
      { role: "table" },
      element("caption", { class: "hidden" }, "Entries of the cache"),
      element("thead", { role: "rowgroup" }, element("tr", { role: "row" }, ...head, actions)),
      body,
    ),
    empty,
    status,
  )
  return { filter, summary, tags, tagged, invalidate, prune, clear, status, body, empty }
}

/** An element with attributes and children. */
export function element<N extends keyof HTMLElementTagNameMap>(
  name: N,
  attributes: Readonly<Record<string, string>>,
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[N] {
  const made = document.createElement(name)
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value)
  made.append(...children)
  return made
}
