// What encryption and compression cost a record: 1 kB sealed and opened again in under 100 µs is the target.
// Beside them WebCrypto and node:zlib alone, the floor.   node bench/codecs.ts [rounds=11]
import { gunzipSync, gzipSync } from "node:zlib"
import { CacheWrapper } from "../dist/core.js"
import { interleaved, ratios, type Way } from "./measure.ts"

const rounds = Number(process.argv[2] ?? 11)
const key = new Uint8Array(32).fill(7)

/** The least adapter: the codec is nearly all that is measured. */
function bytesMap() {
  const map = new Map<string, Uint8Array>()
  return {
    name: "bytes",
    medium: "bytes" as const,
    get: (key: string) => map.get(key),
    set: (key: string, record: Uint8Array) => void map.set(key, record),
    delete: (key: string) => map.delete(key),
    clear: () => map.clear(),
  }
}

/** Text that compresses about as API answers do. */
const article = (bytes: number) => {
  let text = ""
  for (let i = 0; text.length < bytes; i++)
    text += `{"id":${i},"name":"user ${i * 7919}","role":"${["admin", "guest", "editor"][i % 3]}"},`
  return { text: text.slice(0, bytes) }
}

/** Sets a value and reads it again. */
async function roundTrip(options: object, value: object): Promise<Way> {
  const cache = new CacheWrapper({ adapter: bytesMap(), ttl: "1h", ...options })
  await cache.set("key", value)
  if (JSON.stringify(await cache.get("key")) !== JSON.stringify(value)) throw new Error("not what was set")
  return async () => {
    await cache.set("key", value)
    return cache.get("key")
  }
}

/** AES-GCM as the codec uses it, without anything around. */
async function webCrypto(value: object): Promise<Way> {
  const aes = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"])
  const bytes = new TextEncoder().encode(JSON.stringify(value))
  const additionalData = new Uint8Array(40)
  return async () => {
    const iv = crypto.getRandomValues(new Uint8Array(12))
    const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData }, aes, bytes)
    return crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData }, aes, sealed)
  }
}

/** gzip by the streams that every runtime has, one after the other. */
function streams(value: object): Way {
  const bytes = new TextEncoder().encode(JSON.stringify(value))
  const through = (stream: CompressionStream | DecompressionStream, data: BlobPart) =>
    new Response(new Blob([data]).stream().pipeThrough(stream)).arrayBuffer()
  return async () =>
    through(new DecompressionStream("gzip"), await through(new CompressionStream("gzip"), bytes))
}

for (const [size, bytes, calls] of [["1 kB", 1000, 100] as const, ["16 kB", 16_000, 30] as const]) {
  const value = article(bytes)
  const text = JSON.stringify(value)
  const found = await interleaved(
    {
      "WebCrypto alone: encrypt, decrypt": await webCrypto(value),
      "isocache set, get": await roundTrip({}, value),
      "… encrypt": await roundTrip({ encrypt: { keys: [{ id: "k", key }] } }, value),
      "node:zlib alone, synchronous": () => gunzipSync(gzipSync(text)),
      "CompressionStream, DecompressionStream alone": streams(value),
      "… compress, under its threshold": await roundTrip({ compress: { threshold: 1e6 } }, value),
      "… compress": await roundTrip({ compress: { threshold: 0 } }, value),
      "… compress, encrypt": await roundTrip(
        { compress: { threshold: 0 }, encrypt: { keys: [{ id: "k", key }] } },
        value,
      ),
    },
    { rounds, calls },
  )
  console.log(ratios(`${size}, written and read`, found))
  console.log()
}
process.exit(0)
