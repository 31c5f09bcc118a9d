/**
 * A panel that shows the entries of a cache, for development builds.
 *
 * @module isocache/inspector
 */

import { type Listed, Rows } from "./inspector/rows.ts"
import { nameOf, sizeText } from "./inspector/text.ts"
import { buildView, type View } from "./inspector/view.ts"
import type { Region } from "./region.ts"

/** The members that the panel adds to its element. */
export interface InspectorElement {
  /** The cache or region to show. `undefined` shows nothing. */
  cache: Region | undefined
}

/** How many entries are shown at once; a filter finds the others. */
const maxShown = 200
const everySecond = 1000
const moment = 100

/**
 * Registers the custom element `<isocache-inspector>`. It shows a cache's entries with their remaining time, tags and
 * sizes, and can delete, expire, invalidate and clear them.
 *
 * For development builds, because it shows values. Inspecting does not affect the cache's metrics and events. Without
 * custom elements, or if the name is taken, this does nothing.
 *
 * @param name - The element's name. Default "isocache-inspector".
 *
 * @example
 * ```ts
 * import { cached } from "isocache"
 * import { defineInspector } from "isocache/inspector"
 *
 * defineInspector()
 * const panel = document.body.appendChild(document.createElement("isocache-inspector"))
 * Object.assign(panel, { cache: cached })
 * ```
 */
export function defineInspector(name = "isocache-inspector"): void {
  if (typeof customElements === "undefined" || customElements.get(name)) return
  customElements.define(name, makeElement())
}

/** The class is created late, because only browsers have `HTMLElement`. */
function makeElement(): CustomElementConstructor {
  return class extends HTMLElement implements InspectorElement {
    #panel: Panel | undefined
    #cache: Region | undefined

    get cache(): Region | undefined {
      return this.#cache
    }

    set cache(cache: Region | undefined) {
      this.#cache = cache
      this.#panel?.show(cache)
    }

    connectedCallback(): void {
      // Set before the element was registered, it is a plain property that hides the accessor.
      if (Object.hasOwn(this, "cache")) {
        const early = this.cache
        Reflect.deleteProperty(this, "cache")
        this.#cache = early
      }
      this.#panel ??= new Panel(buildView(this.attachShadow({ mode: "open" })))
      this.#panel.show(this.#cache)
    }

    disconnectedCallback(): void {
      this.#panel?.show(undefined)
    }
  }
}

/** Keeps a view in sync with a cache. */
class Panel {
  readonly #view: View
  readonly #rows: Rows
  #cache: Region | undefined
  #timer: ReturnType<typeof setInterval> | undefined
  #soon: ReturnType<typeof setTimeout> | undefined
  #off: (() => void) | undefined
  #isReading = false
  #isOutdated = false

  constructor(view: View) {
    this.#view = view
    // Bare, because listed keys are texts rather than arguments that a region makes keys from.
    this.#rows = new Rows(view.body, {
      expire: (key) => this.#act(`Expired ${nameOf(key)}`, (cache) => cache.bare().expire(key)),
      remove: (key) => this.#act(`Deleted ${nameOf(key)}`, (cache) => cache.bare().delete(key)),
    })
    view.filter.addEventListener("input", () => void this.#refresh())
    view.invalidate.addEventListener("click", () =>
      this.#act("Invalidated all", (cache) => cache.invalidate()),
    )
    view.prune.addEventListener("click", () => this.#act("Pruned", (cache) => cache.prune()))
    view.clear.addEventListener("click", () => this.#act("Cleared", (cache) => cache.clear()))
    view.tagged.addEventListener("click", () => {
      const tag = view.tags.value
      this.#act(`Invalidated the tag ${tag}`, (cache) => cache.invalidateTags(tag))
    })
  }

  show(cache: Region | undefined): void {
    clearInterval(this.#timer)
    this.#off?.()
    // A row of another cache must not stay: it would show that one's value, and act on this one.
    if (cache !== this.#cache) this.#fill([], false)
    this.#cache = cache
    if (!cache) return
    this.#timer = setInterval(() => {
      if (this.#isSeen()) void this.#refresh()
    }, everySecond)
    // A region emits no events: there the interval is enough.
    const on: unknown = Reflect.get(cache, "on")
    const off: unknown =
      typeof on === "function"
        ? on.call(cache, "*", (event: { type: string }) => this.#hear(event))
        : undefined
    this.#off = typeof off === "function" ? () => off() : undefined
    void this.#refresh()
  }

  #hear({ type }: { type: string }): void {
    if (this.#soon !== undefined || !/^(set|delete|expire|invalidate|clear|evict)$/.test(type)) return
    // With a delay: a batch emits before it has written, and under load one refresh serves many events.
    this.#soon = setTimeout(() => {
      this.#soon = undefined
      if (this.#isSeen()) void this.#refresh()
    }, moment)
  }

  #act(what: string, act: (cache: Region) => Promise<unknown>): void {
    const cache = this.#cache
    if (!cache) return
    act(cache)
      .then(
        (count) => this.#say(typeof count === "number" ? `${what} (${count}).` : `${what}.`),
        (error: unknown) => this.#say(error instanceof Error ? error.message : String(error)),
      )
      .then(() => this.#refresh())
  }

  /** Nobody sees a hidden page, or a panel in a hidden part of one: then the storage is left alone. */
  #isSeen(): boolean {
    return !document.hidden && this.#view.filter.checkVisibility?.() !== false
  }

  #say(text: string): void {
    // Setting the same text again would make screen readers repeat it.
    if (this.#view.status.textContent !== text) this.#view.status.textContent = text
  }

  /** Reads and draws. If called while running, it runs once more afterwards. */
  async #refresh(): Promise<void> {
    this.#isOutdated = true
    if (this.#isReading) return
    this.#isReading = true
    try {
      while (this.#isOutdated && this.#cache) {
        this.#isOutdated = false
        await this.#show(this.#cache)
      }
    } finally {
      this.#isReading = false
    }
  }

  async #show(cache: Region): Promise<void> {
    try {
      await this.#draw(cache)
    } catch (error) {
      if (cache !== this.#cache) return
      this.#fill([], false) // What it showed may be another storage's.
      this.#say(error instanceof Error ? error.message : String(error))
    }
  }

  async #draw(cache: Region): Promise<void> {
    const found: Listed[] = []
    const wanted = this.#view.filter.value.toLowerCase()
    let isMore = false
    const named = cache.bare()
    for await (const key of cache.keys()) {
      if (!key.toLowerCase().includes(wanted)) continue
      if (found.length === maxShown) {
        isMore = true
        break
      }
      const entry = await named.entryOf(key)
      if (entry) found.push({ key, entry })
    }
    if (cache === this.#cache) this.#fill(found, isMore)
  }

  #fill(found: readonly Listed[], isMore: boolean): void {
    const bytes = this.#rows.show(found)
    const { summary, tags, tagged, empty } = this.#view
    summary.textContent = `${isMore ? "The first " : ""}${found.length} ${found.length === 1 ? "entry" : "entries"}, about ${sizeText(bytes)}`
    empty.hidden = found.length > 0
    const names = [...new Set(found.flatMap(({ entry }) => entry.tags))].sort()
    tagged.disabled = names.length === 0
    if (names.join("\n") === [...tags.options].map((option) => option.value).join("\n")) return
    const chosen = tags.value
    tags.replaceChildren(...names.map((name) => new Option(name, name, false, name === chosen)))
  }
}
