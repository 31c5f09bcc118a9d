import { soon } from "../base/clock.ts"

let turn: object | undefined

/** The same object for all that runs before the next microtask: callers of one turn are callers of one request. */
export function thisTurn(): object {
  if (turn === undefined) {
    turn = {}
    soon(() => {
      turn = undefined
    })
  }
  return turn
}
