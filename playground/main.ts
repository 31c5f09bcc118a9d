import { defineInspector } from "isocache/inspector"
import { find } from "./page/dom.ts"
import { startInspect } from "./page/inspect.ts"
import { makeLab } from "./page/lab.ts"
import { startProve } from "./page/prove.ts"
import { greeting } from "./page/remote.ts"
import { startReplay } from "./page/replay.ts"
import { startTabs } from "./page/tabs.ts"
import { startTry } from "./page/try.ts"

const tabs = [...document.querySelectorAll<HTMLButtonElement>("[role=tab]")]
const panels = tabs.map((tab) => find(`#${tab.getAttribute("aria-controls")}`, HTMLElement))

defineInspector()
const lab = makeLab()
startTry(lab)
/** What a part does whenever it is shown. */
const shown: Record<string, () => void> = { inspect: startInspect(lab) }
/** What a part does the first time it is shown. */
const first: Record<string, (() => void) | undefined> = { tabs: startTabs }
startReplay()
startProve()
startGreeting()

for (const [at, tab] of tabs.entries()) {
  tab.addEventListener("click", () => choose(at))
  tab.addEventListener("keydown", (event) => {
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key]
    if (to === undefined) return
    event.preventDefault()
    const next = (to + tabs.length) % tabs.length
    choose(next)
    tabs[next]?.focus()
  })
}
// Not every browser lets the keyboard reach what scrolls.
for (const scroller of document.querySelectorAll<HTMLElement>("[data-scroller]")) scroller.tabIndex = 0
addEventListener("hashchange", () => chooseByHash())
if (!chooseByHash()) choose(0)
document.documentElement.dataset["ready"] = ""

/** Shows the part that the hash names, such as "#replay". Answers whether there is one: the skip link names none. */
function chooseByHash(): boolean {
  const asked = panels.findIndex(({ id }) => `#${id}` === location.hash)
  if (asked >= 0) choose(asked)
  return asked >= 0
}

/** Shows one part. The Tab key reaches its tab alone; arrow keys lead to the others. */
function choose(chosen: number): void {
  for (const [at, tab] of tabs.entries()) {
    const panel = panels[at]
    tab.setAttribute("aria-selected", String(at === chosen))
    tab.tabIndex = at === chosen ? 0 : -1
    if (panel) panel.hidden = at !== chosen
  }
  const id = panels[chosen]?.id ?? ""
  document.title = `${tabs[chosen]?.textContent} · isocache playground`
  if (location.hash.slice(1) !== id) history.replaceState(null, "", `#${id}`)
  first[id]?.()
  first[id] = undefined
  shown[id]?.()
}

function startGreeting(): void {
  const place = find("#greeting", HTMLElement)
  find("#greet", HTMLButtonElement).addEventListener("click", () => {
    greeting().then(
      (text) => (place.textContent = text),
      (error: unknown) => (place.textContent = String(error)),
    )
  })
}
