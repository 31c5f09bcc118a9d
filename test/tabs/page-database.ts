// What another script of the same origin may do to the database, past the library.

let held: IDBDatabase | undefined

/** Opens the database at version 2. Answers whether it had to wait for others to let go; rejects after 25 s. */
export function upgrade(name: string): Promise<{ blocked: boolean }> {
  return settled(indexedDB.open(name, 2), (db) => db.close())
}

/** Deletes the database. Answers and rejects as {@link upgrade}. */
export function erase(name: string): Promise<{ blocked: boolean }> {
  return settled(indexedDB.deleteDatabase(name), () => {})
}

/** Lets the browser delete all that this site has stored, as when its user logs out. */
export async function clearSite(): Promise<void> {
  await (await fetch("/clear")).text()
}

/** Opens the database as it is and keeps it open, whatever others ask for. */
export async function hold(name: string): Promise<void> {
  await settled(indexedDB.open(name), (db) => {
    held = db
  })
}

/** Closes what {@link hold} keeps open. */
export function letGo(): void {
  held?.close()
}

function settled(request: IDBOpenDBRequest, next: (db: IDBDatabase) => void): Promise<{ blocked: boolean }> {
  return new Promise((resolve, reject) => {
    let blocked = false
    request.onblocked = () => {
      blocked = true
    }
    request.onerror = () => reject(request.error)
    request.onsuccess = () => {
      next(request.result)
      resolve({ blocked })
    }
    setTimeout(() => reject(new Error(`still waiting, ${blocked ? "blocked" : "not blocked"}`)), 25_000)
  })
}
