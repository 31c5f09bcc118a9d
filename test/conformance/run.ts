// The laws in Node, Deno and Bun: bundled with packages left external, so that `isocache` is what package.json's
// exports say. Takes the address of the desk.
import { run } from "./cells.ts"

await run({ desk: process.argv[2] ?? "" })
