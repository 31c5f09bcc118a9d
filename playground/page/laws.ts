import { html } from "./dom.ts"

/** What came of a law. */
export interface Result {
  readonly result: "held" | "broken" | "left out"
  /** Why it is broken, or what it needs. */
  readonly note?: string
}

const marks = { held: "✓", broken: "✗", "left out": "–" }

/** A storage's card: a square for each law, filled as it is proven, and the laws as a list. */
export function makeLaws(name: string, title: string, total: number) {
  const count = html("span", {}, `0 of ${total}`)
  const squares = Array.from({ length: total }, () => html("i"))
  const list = html("ul", { tabindex: "0", "aria-label": `Laws over ${title}` })
  const card = html(
    "div",
    { class: "card laws", "data-subject": name },
    html("h3", {}, title, count),
    html("div", { class: "squares", "aria-hidden": "true" }, ...squares),
    list,
  )
  let done = 0
  return {
    card,
    add(law: string, { result, note }: Result, ms: number) {
      const mark = html("span", { role: "img", "aria-label": result }, marks[result])
      const aside = html("small", {}, result === "left out" ? (note ?? "") : `${Math.round(ms)} ms`)
      const row = html("li", { "data-result": result }, mark, law, aside)
      if (result === "broken" && note) row.append(html("p", {}, note))
      list.append(row)
      list.scrollTop = list.scrollHeight
      const square = squares[done]
      if (square) Object.assign(square.dataset, { result })
      if (square) square.title = law
      count.textContent = `${++done} of ${total}`
    },
  }
}
