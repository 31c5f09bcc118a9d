import { find, html, msText } from "./dom.ts"
import type { Lab } from "./lab.ts"
import type { Mood } from "./origin.ts"

/** The sliders. At its end softTimeout means: wait. */
const dials = [
  { name: "delay", label: "Origin takes", min: 0, max: 3000, step: 50, hint: "" },
  { name: "ttl", label: "ttl", min: 500, max: 15_000, step: 500, hint: "fresh for so long" },
  { name: "grace", label: "grace", min: 0, max: 30_000, step: 500, hint: "then stale for so long" },
  {
    name: "softTimeout",
    label: "softTimeout",
    min: 0,
    max: 2000,
    step: 50,
    hint: "a caller who could have stale waits so long",
  },
] as const

/** What the sliders say, in milliseconds. */
export type Dials = Record<(typeof dials)[number]["name"], number>

/** The settings of "Try it". */
export interface Controls {
  readonly values: Readonly<Dials>
  /** Moves sliders, and makes the origin so. */
  set(to: Partial<Dials> & { mood?: Mood }): void
}

const swift = 400
const slow = 2000

/** Builds the sliders, and lets them and the origin's switch act on `lab`. */
export function startControls({ origin }: Lab): Controls {
  const values: Dials = { delay: swift, ttl: 3000, grace: 5000, softTimeout: 0 }
  const place = find("#dials", HTMLElement)
  const inputs = new Map<string, HTMLInputElement>()

  for (const { name, label, hint, min, max, step } of dials) {
    const range = { type: "range", id: `dial-${name}`, min: `${min}`, max: `${max}`, step: `${step}` }
    const input = html("input", { ...range, value: `${values[name]}` })
    const output = html("output", { for: input.id })
    const note = hint ? [html("small", { id: `hint-${name}` }, hint)] : []
    if (hint) input.setAttribute("aria-describedby", `hint-${name}`)
    const show = (): void => {
      const at = input.valueAsNumber
      values[name] = name === "softTimeout" && at === max ? Infinity : at
      origin.delay = values.delay
      output.textContent = msText(values[name])
      input.setAttribute("aria-valuetext", output.textContent)
    }
    input.addEventListener("input", show)
    show()
    inputs.set(name, input)
    place.append(
      html("div", { class: "dial" }, html("label", { for: input.id }, label), output, input, ...note),
    )
  }

  const moods = [...document.querySelectorAll<HTMLInputElement>("[name=mood]")]
  for (const input of moods) input.addEventListener("change", () => become(input.value as Mood)) // It has no others.

  function become(mood: Mood): void {
    origin.mood = mood
    if (mood === "slow" && values.delay < slow) turn("delay", slow)
    if (mood === "works" && values.delay >= slow) turn("delay", swift)
  }

  function turn(name: string, value: number): void {
    const input = inputs.get(name)
    if (!input) return
    input.valueAsNumber = value
    input.dispatchEvent(new Event("input"))
  }

  return {
    values,
    set({ mood, ...to }) {
      for (const input of moods) if (input.value === mood) input.checked = true
      if (mood) become(mood)
      for (const [name, value] of Object.entries(to)) turn(name, value)
    },
  }
}
