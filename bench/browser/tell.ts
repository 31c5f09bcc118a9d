/** What 1 000 operations at once took, in ms, of each contender and round. */
export interface AtOnce {
  readonly bench: "at once"
  readonly engine: string
  readonly kind: string
  readonly rows: readonly {
    readonly name: string
    readonly set: readonly number[]
    readonly get: readonly number[]
  }[]
}

/** What each verb took, in ms, at a number of entries. */
export interface Growth {
  readonly bench: "growth"
  readonly engine: string
  readonly entries: number
  readonly verbs: Readonly<Record<string, number>>
}

/** What the line begins with that ../browser.ts looks for among the output of the tests. */
export const mark = "BENCH "

/** Hands figures to ../browser.ts, by way of the test's output. */
export function tell(figures: AtOnce | Growth): void {
  console.log(mark + JSON.stringify(figures))
}
