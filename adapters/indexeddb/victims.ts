import { isToken } from "../../src/adapter.ts"
import type { Use } from "./rows.ts"

/** How far entries and tokens are above what shall stay; 0 and below: not at all. */
export interface Surplus {
  readonly entries: number
  readonly bytes: number
  readonly tokens: number
}

/** Chooses from `uses` what goes, the least recently used first. Tokens go for their own number alone. */
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
