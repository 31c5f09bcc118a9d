import { type ChildProcess, spawn } from "node:child_process"
import { rmSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest"
import { sharedFolder } from "../support/folder.ts"
import type { Orders } from "../support/lease-worker.ts"
import { hasRedis, type RedisServer, startRedis } from "../support/redis-server.ts"
import { type Front, startUpstash } from "../support/upstash-rest.ts"

const script = join(import.meta.dirname, "../support/lease-worker.ts")

type Message = { says: "ready" | "loading" | "waiting" } | { says: "done"; values: string[]; ms: number }

interface Worker {
  readonly child: ChildProcess
  readonly messages: Message[]
  /** The first message of its kind; rejects when the process ends without it. */
  hear<S extends Message["says"]>(...says: S[]): Promise<Extract<Message, { says: S }>>
  /** Lets it begin; the second time, lets its load end. */
  go(): void
}

function start(orders: Orders): Worker {
  const child = spawn(process.execPath, [script, JSON.stringify(orders)], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, NODE_OPTIONS: "" },
  })
  onTestFinished(() => void child.kill("SIGKILL"))
  const messages: Message[] = []
  let trouble = ""
  let changed: () => void = () => {}
  child.stderr?.on("data", (data) => {
    trouble += data
  })
  createInterface({ input: child.stdout }).on("line", (line) => {
    messages.push(JSON.parse(line))
    changed()
  })
  child.once("close", () => changed())
  return {
    child,
    messages,
    async hear(...says) {
      for (;;) {
        const heard = messages.find((message) => (says as string[]).includes(message.says)) // any text may be asked for
        if (heard) return heard as Extract<Message, { says: (typeof says)[number] }> // just looked for
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`The worker ended. ${trouble}`)
        await new Promise<void>((resolve) => {
          changed = resolve
        })
      }
    },
    go: () => void child.stdin?.write("go\n"),
  }
}

const loadsOf = (workers: readonly Worker[]) =>
  workers.flatMap(({ messages }) => messages.filter(({ says }) => says === "loading")).length

let redis: RedisServer
let front: Front
beforeAll(async () => {
  if (!hasRedis) return
  redis = await startRedis()
  front = await startUpstash(redis.port)
})
afterAll(async () => {
  await front?.close()
  await redis?.stop()
})

const storages = [
  { name: "one SQLite file", isThere: true },
  { name: "one Redis", isThere: hasRedis },
]

describe.each(storages)("processes on $name", { timeout: 120_000 }, ({ name, isThere }) => {
  function storage(): Pick<Orders, "path" | "url" | "token"> {
    if (name === "one Redis") return { url: front.url, token: front.token }
    const folder = sharedFolder("leases")
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    return { path: join(folder, "cache.sqlite") }
  }

  async function empty(): Promise<void> {
    if (name === "one Redis")
      await fetch(`${front.url}/flushall`, { headers: { authorization: `Bearer ${front.token}` } })
  }

  test.runIf(isThere)("10 000 concurrent callers in four of them share one load", async () => {
    await empty()
    const orders = { ...storage(), callers: 2_500, leaseTtl: 30_000, ends: "told" } as const
    const workers = [1, 2, 3, 4].map(() => start(orders))
    await Promise.all(workers.map((worker) => worker.hear("ready")))
    for (const worker of workers) worker.go()
    // The load goes on until all have asked, and seen that it does.
    await Promise.all(workers.map((worker) => worker.hear("loading", "waiting")))
    for (const worker of workers) worker.go()
    const done = await Promise.all(workers.map((worker) => worker.hear("done")))
    expect(new Set(done.flatMap(({ values }) => values)).size).toBe(1)
    expect(loadsOf(workers)).toBe(1)
  })

  test.runIf(isThere)(
    "a holder that is killed in the middle of 10 000 callers delays them by leaseTtl at most, and one other loads",
    async () => {
      await empty()
      const where = storage()
      const leaseTtl = 5_000
      const holder = start({ ...where, callers: 2_500, leaseTtl, ends: "told" })
      const others = [1, 2, 3].map(() => start({ ...where, callers: 2_500, leaseTtl, ends: "itself" }))
      await Promise.all([holder, ...others].map((worker) => worker.hear("ready")))
      holder.go()
      await holder.hear("loading")
      for (const worker of others) worker.go()
      await Promise.all(others.map((worker) => worker.hear("waiting")))
      expect(loadsOf(others)).toBe(0)
      holder.child.kill("SIGKILL")
      const done = await Promise.all(others.map((worker) => worker.hear("done")))
      expect(loadsOf(others)).toBe(1)
      expect(new Set(done.flatMap(({ values }) => values)).size).toBe(1)
      // The pause between two looks, and a machine that is busy.
      for (const { ms } of done) expect(ms).toBeLessThan(leaseTtl + 200 + 4_000)
    },
  )
})
