// Run in a process of its own by start.ts: how long the module at the given url takes to import, in ms.
import process from "node:process"

const [url] = process.argv.slice(2)
const startedAt = performance.now()
await import(url)
const ms = performance.now() - startedAt
console.log(`took ${ms}`)
process.exit(0)
