/**
 * Calls `draw` at every frame for as long as it answers that something still moves; once a second for people who
 * want less motion. Answers how to wake it.
 */
export function ticker(draw: () => boolean): () => void {
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)")
  let isMoving = false
  const step = (): void => {
    if (!draw()) isMoving = false
    else if (isCalm.matches) setTimeout(step, 1000)
    else requestAnimationFrame(step)
  }
  return () => {
    if (isMoving) return
    isMoving = true
    requestAnimationFrame(step)
  }
}
