/** The element that `selector` finds, as what it must be. */
export function find<E extends Element>(
  selector: string,
  type: abstract new () => E,
  root: ParentNode = document,
): E {
  const found = root.querySelector(selector)
  if (found instanceof type) return found
  throw new Error(`The page has no ${type.name} "${selector}".`)
}

/** An element with attributes and children. */
export function html<N extends keyof HTMLElementTagNameMap>(
  name: N,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[N] {
  const made = document.createElement(name)
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value)
  made.append(...children)
  return made
}

/** An element of a drawing. */
export function svg<N extends keyof SVGElementTagNameMap>(
  name: N,
  attributes: Readonly<Record<string, string | number>> = {},
  ...children: readonly (Node | string)[]
): SVGElementTagNameMap[N] {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name)
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, String(value))
  made.append(...children)
  return made
}

/** Calls `draw` with the width of `element` now and whenever it changes. */
export function onWidth(element: Element, draw: (width: number) => void): void {
  new ResizeObserver(([entry]) => {
    const width = Math.round(entry?.contentRect.width ?? 0)
    if (width > 0) draw(width)
  }).observe(element)
}

/** Milliseconds as people read them. */
export function msText(ms: number): string {
  if (ms === Infinity) return "no limit"
  if (ms >= 1000) return `${Number((ms / 1000).toFixed(ms < 10_000 ? 2 : 1))} s`
  return ms < 1 && ms > 0 ? "< 1 ms" : `${Math.round(ms)} ms`
}

/** 1 caller, 2 callers, 1 000 callers. */
export function countText(count: number, one: string, many = `${one}s`): string {
  return `${numberText(count)} ${count === 1 ? one : many}`
}

/** A whole number with a narrow space between thousands. */
export function numberText(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, "\u202f")
}

/** A share of 1 as people read it: 85.1 %. */
export function percentText(share: number): string {
  return `${(100 * share).toFixed(1)} %`
}
