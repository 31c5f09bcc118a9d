/** Calls `next` with the result of `request`, or `fail`, without aborting the rest of its transaction. */
export function watch<T>(
  request: IDBRequest<T>,
  fail: (error: unknown) => void,
  next?: (result: T) => void,
): void {
  request.onerror = (event) => {
    // Unless prevented, one bad record would abort all that share its transaction.
    event.preventDefault()
    event.stopPropagation()
    fail(request.error)
  }
  if (!next) return
  request.onsuccess = () => {
    try {
      next(request.result)
    } catch (error) {
      // Thrown in an event handler, it would abort the transaction, too.
      fail(error)
    }
  }
}
