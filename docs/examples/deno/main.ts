// Prints what some pages are: deno run --allow-net --allow-read --allow-write --allow-env main.ts https://…
import { cached } from "isocache"

interface Page {
  readonly status: number
  readonly title: string | undefined
  readonly bytes: number
  readonly seen: Date
}

const pages = cached.region("pages", {
  ttl: "1h",
  grace: "7d", // without the network an old answer will do
  async generate(address: string, { signal }): Promise<Page> {
    const response = await fetch(address, { signal })
    const text = await response.text()
    return {
      status: response.status,
      title: /<title>([^<]*)/i.exec(text)?.[1]?.trim(),
      bytes: new TextEncoder().encode(text).length,
      seen: new Date(),
    }
  },
})

// Without permission to write the cache is in memory; this prints why.
cached.on("error", ({ error }) => console.error(error instanceof Error ? error.message : error))

// All at once; an address given twice is fetched once.
const found = await Promise.allSettled(Deno.args.map((address) => pages.get(address)))

for (const result of found) {
  if (result.status === "rejected") {
    console.log(`failed  ${result.reason}`)
    Deno.exitCode = 1
  } else {
    const { status, title = "no title", bytes, seen } = result.value
    console.log(`${status}  ${title}  ${bytes} bytes  seen ${seen.toISOString()}`)
  }
}
const { hits, loads } = cached.metrics()
console.log(`${hits} from ${cached.adapter.name}, ${loads} loaded`)
await cached.close()
