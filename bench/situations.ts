// The situations that bench/peers.ts puts isocache and its peers into.
import { isDeepStrictEqual } from "node:util"

export type Load = () => Promise<unknown>

/** The least that the situations need; what a library cannot say is left out. */
export interface Peer {
  getOrSet(key: string, load: Load): Promise<unknown>
  delete?(key: string): Promise<unknown>
  /** Stores a value under the tag "t". */
  setTagged?(key: string, value: unknown): Promise<unknown>
  /** Ends all entries of the tag "t". */
  endTag?(): Promise<unknown>
}

/** @param stale - Milliseconds after the ttl during which a value is served while a load runs behind. */
export type OpenPeer = (ttl?: number, stale?: number) => Promise<Peer | undefined>

export const minute = 60_000
const days = 60 * 24 * 60 * minute

/** A load that ends when it is told to. */
function gate() {
  let end = (_value: unknown): void => {}
  const ended = new Promise((resolve) => {
    end = resolve
  })
  return { load: () => ended, end }
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** What comes out: whether it is so; undefined where the library has no call for it. */
export const situations: Readonly<Record<string, (open: OpenPeer) => Promise<boolean | undefined>>> = {
  "100 callers at once, one load": async (open) => {
    const peer = await open()
    if (!peer) return undefined
    const { load, end } = gate()
    let runs = 0
    const calls = Array.from({ length: 100 }, () => peer.getOrSet("k", () => (runs++, load())))
    await sleep(20)
    end({ n: 1 })
    await Promise.race([Promise.all(calls), sleep(1000)])
    return runs === 1
  },
  "a delete during a load wins over its late result": async (open) => {
    const peer = await open()
    if (!peer?.delete) return undefined
    const first = gate()
    const answer = peer.getOrSet("k", first.load).catch(() => {})
    await sleep(20)
    await peer.delete("k")
    first.end({ old: true })
    await answer
    return isDeepStrictEqual(await peer.getOrSet("k", async () => ({ old: false })), { old: false })
  },
  "a caller after that delete gets a new load": async (open) => {
    const peer = await open()
    if (!peer?.delete) return undefined
    const first = gate()
    const answer = peer.getOrSet("k", first.load).catch(() => {})
    await sleep(20)
    await peer.delete("k")
    const later = peer.getOrSet("k", async () => ({ old: false })).catch(() => {})
    await sleep(20)
    first.end({ old: true })
    await answer
    return isDeepStrictEqual(await later, { old: false })
  },
  "a caller who changes what it got changes nothing": async (open) => {
    const peer = await open()
    if (!peer) return undefined
    const load = async () => ({ list: [1] })
    const got = (await peer.getOrSet("k", load)) as { list: number[] } // what load gives
    got.list.push(2)
    return isDeepStrictEqual(await peer.getOrSet("k", load), { list: [1] })
  },
  "Date, Map, bigint and undefined come back": async (open) => {
    const peer = await open()
    if (!peer) return undefined
    const value = () => ({ at: new Date(5), map: new Map([["a", 1n]]), nothing: undefined })
    await peer.getOrSet("k", async () => value())
    return isDeepStrictEqual(await peer.getOrSet("k", async () => "loaded again"), value())
  },
  "null and undefined are values": async (open) => {
    const peer = await open()
    if (!peer) return undefined
    let runs = 0
    for (const value of [null, undefined])
      for (let i = 0; i < 2; i++) await peer.getOrSet(String(value), async () => (runs++, value))
    return runs === 2
  },
  "an error reaches all, and is not kept": async (open) => {
    const peer = await open()
    if (!peer) return undefined
    const error = new Error("no")
    const fails = () => peer.getOrSet("k", () => Promise.reject(error)).catch((caught) => caught)
    const caught = await Promise.all([fails(), fails()])
    const isIt = (one: unknown) => one === error || (one instanceof Error && one.cause === error)
    return caught.every(isIt) && (await peer.getOrSet("k", async () => 1)) === 1
  },
  "60 days are 60 days": async (open) => {
    const peer = await open(days)
    if (!peer) return undefined
    await peer.getOrSet("k", async () => ({ first: true }))
    await sleep(50)
    return isDeepStrictEqual(await peer.getOrSet("k", async () => ({ first: false })), { first: true })
  },
  "past its ttl a value is served at once, one load runs in the background": async (open) => {
    const peer = await open(1000, minute)
    if (!peer) return undefined
    await peer.getOrSet("k", async () => ({ n: 1 }))
    await sleep(1100)
    const { load, end } = gate()
    let runs = 0
    const ask = () => peer.getOrSet("k", () => (runs++, load()))
    const stale = await Promise.race([Promise.all([ask(), ask()]), sleep(200)])
    await sleep(20)
    end({ n: 2 })
    await sleep(50)
    const later = await peer.getOrSet("k", async () => ({ n: 3 }))
    return isDeepStrictEqual([stale, later, runs], [[{ n: 1 }, { n: 1 }], { n: 2 }, 1])
  },
  "a tag ends all entries that have it": async (open) => {
    const peer = await open()
    if (!peer?.setTagged || !peer.endTag) return undefined
    for (const key of ["a", "b"]) await peer.setTagged(key, { old: true })
    await peer.getOrSet("c", async () => ({ old: true }))
    await peer.endTag()
    const got = ["a", "b", "c"].map((key) => peer.getOrSet(key, async () => ({ old: false })))
    return isDeepStrictEqual(await Promise.all(got), [{ old: false }, { old: false }, { old: true }])
  },
}
