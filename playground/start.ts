// Serves the page, and beside it replays the real log in the terminal; then the page stays until Ctrl-C.
//   npm start            on PORT, else 8787, else any free one
import { servePlayground } from "./serve.ts"
import { interruption } from "./terminal/interrupt.ts"
import { replayLog } from "./terminal/replay.ts"

const port = Number(process.env["PORT"] || 8787)
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  console.error("PORT must be a number from 0 to 65535.")
  process.exit(1)
}
const playground = await servePlayground(port)
const stop = interruption()
const isElsewhere = port > 0 && !playground.url.includes(`:${port}/`)
console.log(`\n  The playground is up: ${playground.url}${isElsewhere ? ` (${port} is taken)` : ""}`)
console.log("  Here, meanwhile, a real log goes through the cache. Ctrl-C ends both.")

// Trouble with the replay is told and leaves the page up.
const isOver = await replayLog(stop).catch((error: unknown) => {
  console.error(error)
  return !stop.aborted
})
if (!stop.aborted) {
  console.log(`  The playground is still up: ${playground.url}\n  Ctrl-C ends it.`)
  await new Promise((resolve) => stop.addEventListener("abort", resolve))
}
await playground.close()
console.log("\n  Closed.")
process.exitCode = isOver ? 0 : 130
