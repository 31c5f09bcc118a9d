import { versionKeys } from "./tokens.ts"

/**
 * Where a cache or region keeps its entries: maps keys to storage keys, injectively.
 *
 * | storage key | of |
 * |---|---|
 * | `key` | a cache without prefix; `\key` when it begins with one of `# : @ \` |
 * | `:region::key`, `:region:inner::key` | its regions |
 * | `@prefix::key`, `@prefix:region::key` | a cache with a prefix, and its regions |
 * | `#h…`, `#s…` | versions of regions (by base) and tags (`=` base `=` tag), hard and soft |
 *
 * Names are escaped (`%` as `%25`, `:` as `%3A`), keys are not: they come last.
 */
export class Place {
  /** The prefix of all storage keys of this place and its regions; `""` for a cache without prefix. */
  readonly base: string
  /** The prefix of the storage keys of this place alone. */
  readonly start: string
  /** The region's name in events: from the outermost region, joined by ":". */
  readonly label: string | undefined
  /** The keys of the versions that end entries of this place: those of the outer places, then its own. */
  readonly versionKeys: readonly string[]
  readonly #root: string

  private constructor(base: string, root: string, label: string | undefined, above: readonly string[]) {
    this.base = base
    this.#root = root
    this.label = label
    this.versionKeys = [...above, ...versionKeys(base)]
    this.start = base === "" ? "" : `${base}:`
  }

  /** The place of a cache with `prefix`. */
  static root(prefix: string): Place {
    const base = prefix === "" ? "" : `@${escapeName(prefix)}:`
    return new Place(base, base, undefined, [])
  }

  /** The place of the region `name` in this one, under `prefix`. */
  region(name: string, prefix: string = name): Place {
    const label = this.label === undefined ? name : `${this.label}:${name}`
    return new Place(`${this.base || ":"}${escapeName(prefix)}:`, this.#root, label, this.versionKeys)
  }

  /** The storage key of `key`. */
  full(key: string): string {
    if (this.start !== "") return this.start + key
    return isMarked(key) ? `\\${key}` : key
  }

  /** The key for a storage key of this very place; `undefined` for one of a region or another cache. */
  own(full: string): string | undefined {
    if (this.start !== "") return full.startsWith(this.start) ? full.slice(this.start.length) : undefined
    if (full.startsWith("\\")) return full.slice(1)
    return isMarked(full) ? undefined : full
  }

  /** Whether the storage key `full` lies in this place or a region in it. */
  holds(full: string): boolean {
    return this.base === "" ? !full.startsWith("@") && !full.startsWith("#") : full.startsWith(this.base)
  }

  /** The prefixes of the version keys of this place and its regions. Tags belong to the whole cache. */
  get versionStarts(): readonly string[] {
    const tags = this.base === this.#root ? [`=${this.#root}=`] : []
    return [this.base, ...tags].flatMap((name) => versionKeys(name))
  }

  /** The version keys of this place, then those of `tags`. */
  versionKeysOf(tags: readonly string[]): readonly string[] {
    return tags.length === 0 ? this.versionKeys : [...this.versionKeys, ...this.tagKeys(tags)]
  }

  /** The version keys of `tags`. Regions share the tags of their cache. */
  tagKeys(tags: readonly string[]): readonly string[] {
    return tags.flatMap((tag) => versionKeys(`=${this.#root}=${tag}`))
  }
}

/** The key for any storage key. */
export function keyOf(full: string): string {
  if (full.startsWith("\\")) return full.slice(1)
  // A name holds no unescaped colon, so the first two colons end it.
  return /^[:@]/.test(full) ? full.slice(full.indexOf("::", 1) + 2) : full
}

/** Whether a key begins with a character that is special in storage keys: `#`, `:`, `@` or `\`. */
function isMarked(key: string): boolean {
  const first = key.charCodeAt(0)
  return first === 35 || first === 58 || first === 64 || first === 92
}

/** Escapes `%` and `:` in a name; a colon would end it. */
export function escapeName(name: string): string {
  return name.replace(/[%:]/g, (mark) => (mark === "%" ? "%25" : "%3A"))
}
