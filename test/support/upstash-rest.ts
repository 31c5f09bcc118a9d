import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http"
import { type RedisConnection, RedisReplyError, type RespValue, redisConnection } from "./resp.ts"
import { objection } from "./upstash-limits.ts"

/** What the front does to a request instead of, or beside, answering it. */
export type Fault =
  | { readonly kind: "latency"; readonly ms: number }
  /** Answers `status` with `{ error }`, and runs nothing. */
  | { readonly kind: "error"; readonly status: number; readonly error: string }
  /** Answers 502 with a page of a proxy. */
  | { readonly kind: "not-json" }
  /** Cuts the connection before Redis sees anything. */
  | { readonly kind: "reset-before" }
  /** Lets Redis run it all, then cuts the connection: the reply is lost. */
  | { readonly kind: "reset-after" }
  /** The error of a used-up plan. */
  | { readonly kind: "quota" }

export interface FrontStats {
  requests: number
  commands: number
  /** Path, commands and headers of each request, in the order of arrival. */
  log: {
    readonly path: string
    readonly commands: readonly (readonly string[])[]
    readonly headers: IncomingHttpHeaders
  }[]
}

export interface Front {
  readonly url: string
  readonly token: string
  readonly readOnlyToken: string
  readonly stats: FrontStats
  /** Applies `fault` to the next `times` requests. Default 1. */
  fail(fault: Fault, times?: number): void
  /** Forgets counts and faults. */
  reset(): void
  close(): Promise<void>
}

/** Largest body of a request, in bytes. */
const mostBody = 10_000_000
/**
 * An honest front with the REST API of Upstash for a real redis-server on `redisPort`: `/`, `/pipeline`,
 * `/multi-exec`, path style, `/subscribe` and `/psubscribe` as server-sent events; base64, tokens, limits, errors
 * and status codes as Upstash has them. Faults come on command.
 */
export async function startUpstash(
  redisPort: number,
  options: { port?: number; token?: string } = {},
): Promise<Front> {
  const token = options.token ?? "t0ken-of-the-tests"
  const readOnlyToken = `${token}-ro`
  const redis = redisConnection(redisPort)
  const stats: FrontStats = { requests: 0, commands: 0, log: [] }
  let faults: Fault[] = []

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy()
      else reply(response, 500, { error: `ERR ${error instanceof Error ? error.message : error}` })
    })
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    stats.requests++
    const body = await bodyOf(request)
    if (request.method === "OPTIONS" && request.headers["access-control-request-method"])
      return preflight(response)
    const url = new URL(request.url ?? "/", "http://front")
    if (!/^(HEAD|GET|POST|PUT)$/.test(request.method ?? ""))
      return reply(response, 405, { error: "ERR method not allowed" })
    const given =
      /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1] ?? url.searchParams.get("_token")
    if (given !== token && given !== readOnlyToken) {
      return reply(response, 401, { error: "WRONGPASS invalid or missing auth token" })
    }
    const fault = faults.shift()
    if (fault?.kind === "latency") await new Promise((resolve) => setTimeout(resolve, fault.ms))
    if (fault?.kind === "error") return reply(response, fault.status, { error: fault.error })
    if (fault?.kind === "not-json") return page(response)
    if (fault?.kind === "reset-before") return void response.socket?.resetAndDestroy()
    if (fault?.kind === "quota") {
      return reply(response, 400, {
        error: "ERR max daily request limit exceeded. Limit: 10000, Usage: 10001.",
      })
    }
    if (body === undefined) {
      return reply(response, 400, { error: `ERR max request size exceeded. Limit: ${mostBody} bytes` })
    }
    const path = url.pathname.split("/").filter(Boolean).map(decodeURIComponent)
    if (path[0] === "subscribe" || path[0] === "psubscribe") return subscribe(path, response)
    const commands = commandsOf(path, body, url)
    if (commands === undefined) return reply(response, 400, { error: "ERR failed to parse command" })
    stats.commands += commands.length
    stats.log.push({
      path: `/${path[0] === "pipeline" || path[0] === "multi-exec" ? path[0] : ""}`,
      commands,
      headers: request.headers,
    })
    const shape = shaper(request.headers["upstash-encoding"] === "base64")
    const out = await run(path[0] === "multi-exec", commands, given === readOnlyToken)
    if (fault?.kind === "reset-after") return void response.socket?.resetAndDestroy()
    if (out instanceof RedisReplyError) return reply(response, 400, { error: out.message })
    if (path[0] === "pipeline" || path[0] === "multi-exec") return reply(response, 200, out.map(shape))
    const [only] = out
    reply(response, only instanceof RedisReplyError ? 400 : 200, shape(only ?? null))
  }

  /** Each command's reply; what the limits of Upstash forbid never reaches Redis. */
  async function run(
    transaction: boolean,
    commands: readonly (readonly string[])[],
    reader: boolean,
  ): Promise<readonly RespValue[] | RedisReplyError> {
    const errors = commands.map((command) => objection(command, reader))
    const allowed = commands.filter((_, i) => errors[i] === undefined)
    if (transaction) {
      if (allowed.length < commands.length) return discarded()
      // On its own connection, so that nothing comes between MULTI and EXEC.
      const own = redisConnection(redisPort)
      const replies = await own.send([["MULTI"], ...commands, ["EXEC"]]).finally(own.close)
      const last = replies.at(-1)
      return Array.isArray(last) ? last : discarded()
    }
    const replies = allowed.length > 0 ? await redis.send(allowed) : []
    return errors.map((error) => error ?? replies.shift() ?? null)
  }

  /** Server-sent events as the client of Upstash reads them: `data: message,<channel>,<payload>`. */
  async function subscribe([verb = "", ...channels]: string[], response: ServerResponse): Promise<void> {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" })
    const own: RedisConnection = redisConnection(redisPort)
    own.onPush((value) => {
      if (!Array.isArray(value)) return
      response.write(`data: ${value.map((part: RespValue) => textOf(part)).join(",")}\n\n`)
    })
    own.send([[verb, ...channels]]).catch(() => response.end())
    response.on("close", own.close)
    response.flushHeaders()
  }

  function reply(response: ServerResponse, status: number, body: unknown): void {
    response.writeHead(status, {
      "content-type": "application/json",
      "upstash-sync-token": String(stats.requests),
      // Pages may ask from anywhere, as of Upstash.
      "access-control-allow-origin": "*",
      "access-control-expose-headers": "upstash-sync-token",
    })
    response.end(JSON.stringify(body))
  }

  await new Promise<void>((resolve) => server.listen(options.port ?? 0, "127.0.0.1", resolve))
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("no port")
  return {
    url: `http://127.0.0.1:${address.port}`,
    token,
    readOnlyToken,
    stats,
    fail(fault, times = 1) {
      for (let i = 0; i < times; i++) faults.push(fault)
    },
    reset() {
      faults = []
      Object.assign(stats, { requests: 0, commands: 0, log: [] })
    },
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      redis.close()
    },
  }
}

/** The body as text; `undefined` when it is too large. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  return bytes.length > mostBody ? undefined : bytes.toString()
}

/** What is asked: text arguments only; `undefined` when it is no command. */
function commandsOf(path: string[], body: string, url: URL): readonly (readonly string[])[] | undefined {
  const many = path[0] === "pipeline" || path[0] === "multi-exec"
  if (!many && path.length > 0) {
    const query = [...url.searchParams].filter(([name]) => name !== "_token")
    return [[...path, ...(body ? [body] : []), ...query.flat().filter(Boolean)]]
  }
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    return undefined
  }
  const commands: unknown = many ? parsed : [parsed]
  if (!Array.isArray(commands) || commands.length === 0) return undefined
  const isCommand = (item: unknown) =>
    Array.isArray(item) &&
    item.length > 0 &&
    item.every((part) => /^(string|number|boolean)$/.test(typeof part))
  // JSON's lone surrogates become U+FFFD in UTF-8.
  return commands.every(isCommand)
    ? commands.map((parts) => parts.map((part: unknown) => String(part)))
    : undefined
}

/** RESP2 as JSON; in base64 all strings but "OK" and errors are encoded. */
function shaper(base64: boolean): (value: RespValue) => { result: unknown } | { error: string } {
  const shape = (value: RespValue): unknown => {
    if (Array.isArray(value)) return value.map(shape)
    if (value === null || typeof value === "number" || value === "OK") return value
    if (value instanceof RedisReplyError) return value.message
    return base64 ? Buffer.from(bytesOf(value)).toString("base64") : textOf(value)
  }
  return (value) => (value instanceof RedisReplyError ? { error: value.message } : { result: shape(value) })
}

function bytesOf(value: RespValue): Uint8Array {
  return value instanceof Uint8Array ? value : Buffer.from(String(value))
}

function textOf(value: RespValue): string {
  return Buffer.from(bytesOf(value)).toString()
}

function discarded(): RedisReplyError {
  return new RedisReplyError("EXECABORT Transaction discarded because of previous errors.")
}

/** Browsers ask before they send a token. */
function preflight(response: ServerResponse): void {
  response.writeHead(204, {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "*",
    "access-control-allow-headers": "*, authorization",
  })
  response.end()
}

function page(response: ServerResponse): void {
  response.writeHead(502, { "content-type": "text/html" })
  response.end("<html><body><h1>502 Bad Gateway</h1></body></html>")
}
