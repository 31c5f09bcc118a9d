import { afterAll, beforeAll, beforeEach, describe } from "vitest"
import { type UpstashAdapter, upstash } from "../../adapters/upstash.ts"
import { hasRedis, type RedisServer, startRedis } from "../support/redis-server.ts"
import { redisConnection } from "../support/resp.ts"
import { type Front, startUpstash } from "../support/upstash-rest.ts"

export interface Setup {
  front: Front
  /** A fresh adapter by url and token. */
  open(): UpstashAdapter
  /** Asks Redis itself, past the front. */
  redis(...command: string[]): Promise<unknown>
}

/** Describes laws against a real Redis behind the front: emptied and reset before each test. */
export function withRedis(title: string, laws: (setup: Setup) => void): void {
  describe.skipIf(!hasRedis)(title, () => {
    let server: RedisServer
    let direct: ReturnType<typeof redisConnection>
    const setup = {
      open: () => upstash({ url: setup.front.url, token: setup.front.token }),
      async redis(...command: string[]) {
        const [value] = await direct.send([command])
        return value instanceof Uint8Array ? Buffer.from(value).toString() : value
      },
    } as Setup // the front comes in beforeAll

    beforeAll(async () => {
      server = await startRedis()
      direct = redisConnection(server.port)
      setup.front = await startUpstash(server.port)
    })
    beforeEach(async () => {
      await setup.redis("FLUSHALL")
      setup.front.reset()
    })
    afterAll(async () => {
      await setup.front?.close()
      direct?.close()
      await server?.stop()
    })
    laws(setup)
  })
}

export async function collect(keys: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = []
  for await (const key of keys) all.push(key)
  return all.sort()
}

/** The error that `promise` rejects with. */
export async function failure(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  return promise.then(
    () => new Error("it did not reject"),
    (error) => error,
  )
}
