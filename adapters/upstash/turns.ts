import type { RedisPipeline } from "./client.ts"
import { type Locate, locate } from "./keys.ts"
import { type Command, jsonBytes, type Reply, resultOf } from "./requests.ts"
import { WritesUnderWay } from "./under-way.ts"

/** Collects the operations of one turn in one request, in order. */
export interface Turns {
  /** The values at `keys`, in their order; equal keys of a turn are read once. */
  read(keys: readonly string[]): Promise<readonly unknown[]>
  /** Runs commands that change `keys`. */
  write(keys: readonly string[], commands: (at: Locate) => readonly Command[]): Promise<readonly Reply[]>
  /** Runs commands that no other operation has to wait for; `keys` are those they need the Redis keys of. */
  send(keys: readonly string[], commands: (at: Locate) => readonly Command[]): Promise<readonly Reply[]>
  /** Resolves when all earlier writes have ended. */
  settled(): Promise<void>
  /** Runs `work` after all earlier writes; later operations on keys that it `touches` wait for it. */
  apart<T>(touches: (key: string) => boolean, work: () => Promise<T>): Promise<T>
}

interface Operation {
  readonly kind: "read" | "write" | "send"
  readonly keys: readonly string[]
  /** Adds its commands; returns a function that settles it with the replies. */
  plan(at: Locate, plan: Plan): (replies: readonly Reply[]) => void
  reject(error: unknown): void
}

/** The most bytes of one MGET: a long getMany is split into several commands of one request. */
const maxReadBytes = 1_000_000

/**
 * Collects turns and runs them with `run`, which returns a reply for each command.
 *
 * Requests may overtake each other: an operation waits for the earlier writes of its keys, so that a read sees the
 * write before it, and the last of two writes wins.
 */
export function turns(run: (commands: readonly Command[]) => Promise<readonly Reply[]>): Turns {
  let queue: Operation[] = []
  const writes = new WritesUnderWay()

  function ask(operation: Operation): void {
    if (queue.push(operation) === 1) void turn()
  }

  async function turn(): Promise<void> {
    // Callers of one turn arrive by paths of different lengths: wait until none arrives any more.
    for (let size = 0; size < queue.length; ) {
      size = queue.length
      for (let tick = 0; tick < 4; tick++) await undefined
    }
    carryOut(cut())
  }

  function cut(): readonly Operation[] {
    const operations = queue
    queue = []
    return operations
  }

  /** Starts those that need not wait, and separately those that wait for an earlier write of their keys. */
  function carryOut(operations: readonly Operation[]): void {
    const held = new Set<string>()
    const earlier = writes.now
    const waits = ({ kind, keys }: Operation): boolean =>
      kind !== "send" && keys.some((key) => held.has(key) || earlier.some(({ touches }) => touches(key)))
    const free: Operation[] = []
    const waiting: Operation[] = []
    for (const operation of operations) {
      if (waits(operation)) {
        waiting.push(operation)
        for (const key of operation.keys) held.add(key)
      } else free.push(operation)
    }
    if (free.length > 0) void exchange(free)
    if (waiting.length > 0) void exchange(waiting)
  }

  /** Never rejects: each operation is settled by itself. */
  async function exchange(operations: readonly Operation[]): Promise<void> {
    const ordered = operations.filter(({ kind }) => kind !== "send").flatMap(({ keys }) => keys)
    const written = new Set(operations.filter(({ kind }) => kind === "write").flatMap(({ keys }) => keys))
    // Asked again: for those that wait, what has just begun is an earlier write as well.
    const earlier = writes.now.filter(({ touches }) => ordered.some(touches))
    const end = written.size > 0 ? writes.begin((key) => written.has(key)) : undefined
    try {
      await writes.endOf(earlier)
      const at = await locate(operations.flatMap(({ keys }) => keys))
      const plan = new Plan()
      const settle = operations.map((operation) => orReject(operation, () => operation.plan(at, plan)))
      const replies = plan.commands.length > 0 ? await run(plan.commands) : []
      for (const [i, operation] of operations.entries()) orReject(operation, () => settle[i]?.(replies))
    } catch (error) {
      for (const operation of operations) operation.reject(error)
    } finally {
      end?.()
    }
  }

  /** Queues an operation; `plan` adds its commands, and returns a function that picks its result from the replies. */
  function enqueue<T>(
    kind: Operation["kind"],
    keys: readonly string[],
    plan: (at: Locate, all: Plan) => (replies: readonly Reply[]) => T,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      ask({
        kind,
        keys,
        reject,
        plan(at, all) {
          const answer = plan(at, all)
          return (replies) => resolve(answer(replies))
        },
      })
    })
  }

  return {
    read: (keys) =>
      enqueue("read", keys, (at, all) => {
        const find = keys.map((key) => all.read(at(key)))
        return (replies) => find.map((found) => found(replies))
      }),
    write: (keys, commands) => enqueue("write", keys, (at, all) => all.add(commands(at))),
    send: (keys, commands) => enqueue("send", keys, (at, all) => all.add(commands(at))),
    settled() {
      carryOut(cut())
      return writes.endOf(writes.now)
    },
    async apart(touches, work) {
      carryOut(cut())
      const earlier = writes.now
      const end = writes.begin(touches)
      try {
        await writes.endOf(earlier)
        return await work()
      } finally {
        end()
      }
    },
  }
}

/** An MGET that keys are added to: the index of each key in it, and its own index in the turn. */
interface Read extends Command {
  readonly keys: Map<string, number>
  readonly at: number
  bytes: number
}

/** The commands of one turn. */
class Plan {
  readonly commands: Command[] = []
  /** The MGET that takes more keys, until a write comes in between. */
  #open: Read | undefined

  /** Adds `commands`; returns a function that picks their replies. */
  add(commands: readonly Command[]): (replies: readonly Reply[]) => readonly Reply[] {
    const from = this.commands.length
    if (commands.length > 0) this.#open = undefined
    for (const command of commands) this.commands.push(command)
    return (replies) => replies.slice(from, from + commands.length)
  }

  /** Adds a read of the key `at`; returns a function that picks its value from the replies. */
  read(at: string): (replies: readonly Reply[]) => unknown {
    const size = jsonBytes(at)
    if (this.#open === undefined || this.#open.bytes + size > maxReadBytes) this.#open = this.#begin()
    const { keys, at: place } = this.#open
    const slot = keys.get(at) ?? keys.size
    if (slot === keys.size) {
      keys.set(at, slot)
      this.#open.bytes += size
    }
    return (replies) => {
      const values = resultOf(replies[place])
      return Array.isArray(values) ? values[slot] : undefined
    }
  }

  #begin(): Read {
    const keys = new Map<string, number>()
    const open = {
      keys,
      at: this.commands.length,
      bytes: 16,
      add: (pipeline: RedisPipeline) => pipeline.mget(...keys.keys()),
    }
    this.commands.push(open)
    return open
  }
}

/** The result of `work`. If it throws, `operation` is rejected. */
function orReject<T>(operation: Operation, work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    operation.reject(error)
    return undefined
  }
}
