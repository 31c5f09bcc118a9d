// Listens on a broadcast bus, hears another one of the same thread, and has nothing else to do.
import { broadcastBus } from "../../src/store/broadcast.ts"

const name = `listen ${Math.random()}`
let hasHeard = false
broadcastBus(name).subscribe(({ keys }) => {
  hasHeard = true
  console.log(`heard ${keys}`)
})
broadcastBus(name).publish({ isocache: 1, origin: "other", keys: ["k"], prefixes: [] })
// The process ends by itself: it must live until the message has come.
const wait = (left: number): void => {
  if (!hasHeard && left > 0) setTimeout(wait, 20, left - 1)
}
wait(100)
