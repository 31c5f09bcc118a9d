import "fake-indexeddb/auto"
import { IDBFactory as FakeFactory, forceCloseDatabase } from "fake-indexeddb"
import { onTestFinished, vi } from "vitest"

/** What shall go wrong. Each is asked each time, and may throw the error itself. */
export interface Faults {
  /** The modes of the transactions so far. */
  readonly transactions: string[]
  /** The handles that were opened, the latest last. */
  readonly handles: IDBDatabase[]
  /** Closes a handle as the browser does on losing its files: with an event, unasked. */
  kill(handle: IDBDatabase | undefined): void
  /** The same while a transaction hangs, which the browser forgets. */
  take(handle: IDBDatabase | undefined): void
  /** On opening: "hang" never answers until `release`. */
  open: () => "hang" | undefined
  /** Lets what hangs open after all. */
  release: () => void
  /** On a transaction: the name of the error it aborts with, "" for none, "hang" never ends. */
  transaction: (mode: string) => string | undefined
  /** On a put: the name of the error that its request or its whole transaction fails with. */
  put: (key: IDBValidKey | undefined) => { request: string } | { abort: string } | undefined
  /** The same on a get. */
  get: (key: IDBValidKey | IDBKeyRange) => { request: string } | undefined
}

/** An empty IndexedDB of its own for this test, with faults on command. */
export function faultyIndexedDB(): Faults {
  const none = () => undefined
  const faults: Faults = {
    transactions: [],
    handles: [],
    // Its declaration asks for the class instead of an instance.
    kill: forceCloseDatabase as unknown as Faults["kill"],
    take: (handle) => handle?.dispatchEvent(again(new IDBVersionChangeEvent("close"))),
    open: none,
    release: none,
    transaction: none,
    put: none,
    get: none,
  }
  const factory = new FakeFactory()
  vi.stubGlobal("indexedDB", factory)
  onTestFinished(() => {
    vi.unstubAllGlobals()
    vi.restoreAllMocks()
  })

  const open = factory.open.bind(factory)
  factory.open = (name, version) => {
    let hangs = faults.open() === "hang"
    const request = open(name, version)
    request.addEventListener("success", (event) => {
      if (!hangs) return void faults.handles.push(request.result)
      event.stopImmediatePropagation()
      faults.release = () => {
        hangs = false
        request.dispatchEvent(again(event))
      }
    })
    return request
  }

  const begin = IDBDatabase.prototype.transaction
  vi.spyOn(IDBDatabase.prototype, "transaction").mockImplementation(function (
    this: IDBDatabase,
    ...args: Parameters<typeof begin>
  ) {
    const mode = args[1] ?? "readonly"
    const fault = faults.transaction(mode)
    const transaction = begin.apply(this, args)
    faults.transactions.push(mode)
    if (fault === "hang") Reflect.set(transaction, "_start", () => {})
    else if (fault !== undefined) abortSoon(transaction, fault)
    return transaction
  })

  const put = IDBObjectStore.prototype.put
  vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(function (
    this: IDBObjectStore,
    ...args: Parameters<typeof put>
  ) {
    const fault = faults.put(args[1])
    if (fault && "request" in fault) return failing(this, fault.request)
    if (fault) abortSoon(this.transaction, fault.abort)
    return put.apply(this, args)
  })

  const get = IDBObjectStore.prototype.get
  vi.spyOn(IDBObjectStore.prototype, "get").mockImplementation(function (
    this: IDBObjectStore,
    ...args: Parameters<typeof get>
  ) {
    const fault = faults.get(args[0])
    return fault ? failing(this, fault.request) : get.apply(this, args)
  })

  return faults
}

/** The fake takes only events of its own class. */
function again(event: Event): Event {
  const copy = Reflect.construct(event.constructor, [event.type])
  return Object.assign(copy, { eventPath: [] })
}

// The fake's own inner methods: a transaction that aborts by itself, a request that fails by itself.
function abortSoon(transaction: IDBTransaction, name: string): void {
  Promise.resolve().then(() => {
    const state: unknown = Reflect.get(transaction, "_state")
    const abort: unknown = Reflect.get(transaction, "_abort")
    if (typeof abort === "function" && state !== "finished") abort.call(transaction, name || null)
  })
}

function failing(store: IDBObjectStore, name: string): IDBRequest {
  const operation = () => {
    throw new DOMException("", name)
  }
  const ask: unknown = Reflect.get(store.transaction, "_execRequestAsync")
  if (typeof ask !== "function") throw new Error("fake-indexeddb has changed")
  return ask.call(store.transaction, { source: store, operation })
}
