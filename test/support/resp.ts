import { connect } from "node:net"

/** An error reply of Redis. */
export class RedisReplyError extends Error {}

/** A reply: bulk strings as bytes, status strings as text. */
export type RespValue = string | number | null | Uint8Array | RedisReplyError | readonly RespValue[]

export interface RedisConnection {
  /** Writes all commands at once, so that nothing comes between them; answers each one's reply. */
  send(commands: readonly (readonly string[])[]): Promise<RespValue[]>
  /** Hears what Redis says unasked (subscriptions): once set, replies go here only. */
  onPush(listener: (value: RespValue) => void): void
  close(): void
}

/** A connection to a local Redis that speaks RESP2. */
export function redisConnection(port: number, host = "127.0.0.1"): RedisConnection {
  let waiting: { resolve(value: RespValue): void; reject(error: Error): void }[] = []
  let rest: Buffer = Buffer.alloc(0)
  let push: ((value: RespValue) => void) | undefined
  const socket = connect({ host, port, noDelay: true })
  const fail = (error: Error) => {
    for (const { reject } of waiting) reject(error)
    waiting = []
  }
  socket.on("error", fail)
  socket.on("close", () => fail(new Error("redis connection closed")))
  socket.on("data", (chunk) => {
    rest = Buffer.concat([rest, Buffer.from(chunk)])
    for (let found = parse(rest, 0); found !== undefined; found = parse(rest, 0)) {
      rest = rest.subarray(found[1])
      if (push === undefined) waiting.shift()?.resolve(found[0])
      else push(found[0])
    }
  })
  return {
    async send(commands) {
      const parts: Buffer[] = []
      for (const command of commands) {
        parts.push(Buffer.from(`*${command.length}\r\n`))
        for (const text of command) {
          const bytes = Buffer.from(text)
          parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from("\r\n"))
        }
      }
      const all = commands.map(
        () => new Promise<RespValue>((resolve, reject) => waiting.push({ resolve, reject })),
      )
      socket.write(Buffer.concat(parts))
      return Promise.all(all)
    },
    onPush(listener) {
      push = listener
    },
    close: () => socket.destroy(),
  }
}

/** The value at `at` and where the next one begins; `undefined` while bytes are missing. */
function parse(bytes: Buffer, at: number): readonly [RespValue, number] | undefined {
  const end = bytes.indexOf("\r\n", at)
  if (end < 0) return undefined
  const line = bytes.toString("utf8", at + 1, end)
  const next = end + 2
  switch (String.fromCharCode(bytes[at] ?? 0)) {
    case "+":
      return [line, next]
    case "-":
      return [new RedisReplyError(line), next]
    case ":":
      return [Number(line), next]
    case "$": {
      const length = Number(line)
      if (length < 0) return [null, next]
      if (bytes.length < next + length + 2) return undefined
      return [Uint8Array.from(bytes.subarray(next, next + length)), next + length + 2]
    }
    case "*": {
      const length = Number(line)
      if (length < 0) return [null, next]
      const values: RespValue[] = []
      let from = next
      for (let i = 0; i < length; i++) {
        const item = parse(bytes, from)
        if (item === undefined) return undefined
        values.push(item[0])
        from = item[1]
      }
      return [values, from]
    }
    default:
      throw new Error(`unexpected RESP byte ${bytes[at]}`)
  }
}
