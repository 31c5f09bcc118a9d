import { soon } from "../base/clock.ts"

let turn: object | undefined

/** The same object until the next microtask runs: callers in one turn belong to one request. */
export function thisTurn(): object {
  if (turn === undefined) {
    turn = {}
    soon(() => {
      turn = undefined
    })
  }
  return turn
}
