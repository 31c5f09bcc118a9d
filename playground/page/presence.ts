import { html } from "./dom.ts"

const animals = ["Fox", "Owl", "Otter", "Lynx", "Heron", "Badger", "Marten", "Wren", "Seal", "Hare"]
const round = 3000 // ms between two calls of the roll

/** Where a tab stands with the lease. */
export type Phase = "idle" | "waits" | "holds"

/** What a tab shows of itself. */
export interface State {
  /** What its memory has; "" for nothing. */
  readonly value: string
  readonly phase: Phase
  readonly loads: number
}

/** What tabs say to each other beside the cache: how they are, "who is there?", "load now", "bye". */
type Word =
  | ({ readonly say: "here"; readonly from: string } & State)
  | { readonly say: "who" | "load" | "bye"; readonly from: string }

interface Places {
  load(): void
  /** Something has changed somewhere. */
  look(): void
  readonly name: HTMLElement
  readonly list: HTMLElement
  readonly advice: HTMLElement
}

const phases: Readonly<Record<Phase, string>> = {
  idle: "idle",
  waits: "waits for the lease",
  holds: "holds the lease, and loads",
}

/** Shows the tabs that are open, each with what it has; answers how to speak to the others. */
export function startPresence({ load, look, name, list, advice }: Places) {
  const me = `${animals[Math.floor(Math.random() * animals.length)]} ${10 + Math.floor(Math.random() * 90)}`
  const channel = new BroadcastChannel("isocache playground presence")
  const tabs = new Map<string, State>()
  const cards = new Map<string, ReturnType<typeof makeCard>>()
  /** Who has not answered since the last roll was called. */
  let silent = new Set<string>()
  let mine: State = { value: "", phase: "idle", loads: 0 }
  name.textContent = me

  const post = (word: Word) => channel.postMessage(word)
  const answer = () => post({ say: "here", from: me, ...mine })
  const leave = (tab: string): void => {
    tabs.delete(tab)
    cards.get(tab)?.card.remove()
    cards.delete(tab)
  }

  function show(): void {
    tabs.set(me, mine)
    for (const [tab, state] of tabs) {
      const card = cards.get(tab) ?? makeCard(tab, tab === me)
      if (!cards.has(tab)) list.append(card.card)
      cards.set(tab, card)
      card.update(state)
    }
    const text = tabs.size > 1 ? "Now let them all load at once." : "Open a second one beside it."
    if (advice.textContent !== text) advice.textContent = text
  }

  channel.addEventListener("message", ({ data }: MessageEvent<Word>) => {
    silent.delete(data.from)
    if (data.say === "here") tabs.set(data.from, { value: data.value, phase: data.phase, loads: data.loads })
    else if (data.say === "who") answer()
    else if (data.say === "load") load()
    else leave(data.from)
    if (data.say === "here") look()
    show()
  })
  // A tab that dies says nothing: who did not answer the last roll has gone.
  const callTheRoll = (): void => {
    for (const tab of silent) leave(tab)
    silent = new Set([...tabs.keys()].filter((tab) => tab !== me))
    post({ say: "who", from: me })
    answer()
    show()
  }
  setInterval(() => {
    if (!document.hidden) callTheRoll()
  }, round)
  addEventListener("pagehide", () => post({ say: "bye", from: me }))
  addEventListener("pageshow", callTheRoll)
  callTheRoll()

  return {
    me,
    load: () => post({ say: "load", from: me }),
    state(state: State) {
      mine = state
      answer()
      show()
    },
  }
}

function makeCard(tab: string, isMe: boolean) {
  const value = html("p", { class: "value" })
  const phase = html("span", { class: "phase" })
  const loads = html("span")
  const title = html("h3", {}, tab, html("span", {}, isMe ? "this tab" : ""))
  const card = html(
    "li",
    { class: "card", "data-tab": isMe ? "this" : "other" },
    title,
    value,
    html("p", { class: "hint" }, phase, loads),
  )
  return {
    card,
    update(state: State) {
      value.textContent = state.value || "nothing in memory"
      value.dataset["empty"] = String(state.value === "")
      phase.textContent = phases[state.phase]
      phase.dataset["phase"] = state.phase
      loads.textContent = `loads made: ${state.loads}`
    },
  }
}
