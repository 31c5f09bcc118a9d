/** What the pretended origin does when it is asked. */
export type Mood = "works" | "slow" | "fails" | "hangs"

/** A service somewhere else: slow, failing or hanging, as the page says. */
export interface Origin {
  delay: number
  mood: Mood
  readonly calls: number
  load(signal: AbortSignal): Promise<{ report: number; madeAt: Date }>
}

/** An origin that works until it is told otherwise. */
export function makeOrigin(): Origin {
  let calls = 0
  return {
    delay: 400,
    mood: "works",
    get calls() {
      return calls
    },
    load(signal) {
      const report = ++calls
      const { delay, mood } = this
      return new Promise((resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true })
        if (mood === "hangs") return
        setTimeout(() => {
          if (mood === "fails") reject(new Error("The origin is down"))
          else resolve({ report, madeAt: new Date() })
        }, delay)
      })
    },
  }
}
