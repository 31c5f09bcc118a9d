import { isToken } from "../../src/adapter.ts"
import type { Use } from "./rows.ts"

/** How many entries and tokens are above their bounds; 0 or less for none. */
export interface Surplus {
  readonly entries: number
  readonly bytes: number
  readonly tokens: number
}

/** Chooses from `uses` what to evict, the least recently used first. Tokens are evicted only for their own bound. */
export function victims(uses: ReadonlyMap<string, Use>, surplus: Surplus): readonly string[] {
  let { entries, bytes, tokens } = surplus
  if (entries <= 0 && bytes <= 0 && tokens <= 0) return []
  const chosen: string[] = []
  for (const [key, { size }] of [...uses].sort(([, a], [, b]) => a.at - b.at)) {
    if (isToken(key)) {
      if (tokens-- > 0) chosen.push(key)
    } else if (entries > 0 || bytes > 0) {
      chosen.push(key)
      entries--
      bytes -= size
    }
  }
  return chosen
}
