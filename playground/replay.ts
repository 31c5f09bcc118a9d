// Replays a real request log through `cached`, in the terminal, and ends.
//   npm run replay            the built package (npm run build first)
//   npm run replay -- --cold  after clearing what an earlier run has left
import { interruption } from "./terminal/interrupt.ts"
import { replayLog } from "./terminal/replay.ts"

const isOver = await replayLog(interruption(), { isCold: process.argv.includes("--cold") })
process.exitCode = isOver ? 0 : 130
