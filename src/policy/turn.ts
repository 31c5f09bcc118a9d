let turn: object | undefined

/** The same object for all that runs before the next microtask: callers of one turn are callers of one request. */
export function thisTurn(): object {
  if (turn === undefined) {
    turn = {}
    queueMicrotask(() => {
      turn = undefined
    })
  }
  return turn
}
