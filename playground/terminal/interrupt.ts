const echo = 1000 // ms

/**
 * Answers a signal that aborts at the first Ctrl-C or SIGTERM; another one later ends the process at once.
 *
 * Listeners of others are removed: Miniflare's would end the process before anything is closed. The same Ctrl-C may
 * arrive twice, from the terminal and from npm, so what follows within a second is no second one.
 */
export function interruption(): AbortSignal {
  const stop = new AbortController()
  let first: number | undefined
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.removeAllListeners(name).on(name, () => {
      const at = performance.now()
      if (first === undefined) first = at
      else if (at - first > echo) process.exit(130)
      stop.abort()
    })
  }
  return stop.signal
}
