// Which process of a browser a tab lives in, by /proc: the one that works while the tab is told to.
import { readdirSync, readFileSync } from "node:fs"

interface Seen {
  readonly parent: number
  /** What it has used of the processor, in hundredths of a second. */
  readonly used: number
}

/** The process below `root` that works while `work` runs. */
export async function processThatWorks(root: number, work: () => Promise<unknown>): Promise<number> {
  for (let attempt = 1; attempt <= 5; attempt++) {
    const before = below(root)
    await work()
    const [first, second] = [...below(root)]
      .map(([pid, { used }]) => ({ pid, used: used - (before.get(pid)?.used ?? used) }))
      .sort((a, b) => b.used - a.used)
    if (first && first.used >= 10 && first.used > 2 * (second?.used ?? 0)) return first.pid
  }
  throw new Error("No process stands out: which one is the tab's?")
}

function below(root: number): Map<number, Seen> {
  const all = new Map<number, Seen>()
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue
    try {
      // The name, in parentheses, may hold anything; after it come state, parent, …, user and system time.
      const stat = readFileSync(`/proc/${name}/stat`, "utf8")
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
      all.set(Number(name), { parent: Number(fields[1]), used: Number(fields[11]) + Number(fields[12]) })
    } catch {
      // It ended meanwhile.
    }
  }
  const isBelow = (pid: number): boolean => {
    const parent = all.get(pid)?.parent
    return parent !== undefined && (parent === root || isBelow(parent))
  }
  return new Map([...all].filter(([pid]) => isBelow(pid)))
}
