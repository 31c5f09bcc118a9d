import fs, { mkdtempSync, readFileSync, realpathSync, rmSync, statSync, symlinkSync } from "node:fs"
import { platform, tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync, type StatementSync } from "node:sqlite"
import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { type SqliteAdapter, sqlite } from "../../adapters/sqlite.ts"

const realProcess = process

let folder: string
let file: string
let opened: SqliteAdapter[]

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "isocache-sqlite-")))
  file = join(folder, "cache.sqlite")
  opened = []
})

afterEach(() => {
  vi.unstubAllGlobals()
  for (const cache of opened) cache.close()
  rmSync(folder, { recursive: true, force: true })
})

function setup(path = file, maxBytes?: number): SqliteAdapter {
  const cache = sqlite({ path, maxBytes })
  opened.push(cache)
  return cache
}

/** Has `use` run with another class of databases. */
function withDatabases<T>(Database: new (path: string) => DatabaseSync, use: () => T): T {
  vi.stubGlobal("process", {
    getBuiltinModule: (name: string) =>
      name === "node:sqlite" ? { DatabaseSync: Database } : realProcess.getBuiltinModule(name),
  })
  try {
    return use()
  } finally {
    vi.unstubAllGlobals()
  }
}

/** The locks that this process holds, as Linux tells them. */
function locks(): string[] {
  const lines = readFileSync("/proc/locks", "utf8").split("\n")
  return lines.filter((line) => line.includes(` ${process.pid} `)).map((line) => line.replace(/^\d+: /, ""))
}

test.runIf(platform() === "linux")("a second handle in a process ends no lock of the first one", () => {
  setup().set("a", "1", Infinity)
  const before = locks()
  expect(before.length).toBeGreaterThan(1)
  expect(setup().get("a")).toBe("1")
  expect(locks()).toEqual(expect.arrayContaining(before))
})

test("leases that have run out and that nobody gave back go with the next opening, others stay", () => {
  const before = setup()
  before.lock("gone", 60_000)
  before.lock("held", 60_000)
  before.close()
  const db = new DatabaseSync(file)
  db.exec(`UPDATE l SET until = ${Date.now() - 1} WHERE k = 'gone'`)
  const after = setup()
  after.open()
  const keys = db.prepare("SELECT k FROM l").all()
  db.close()
  expect(keys.map(({ k }) => k)).toEqual(["held"])
  expect(after.lock("held", 60_000)).toBeUndefined()
})

test("a file that may only be read is unavailable at once, not at the first write", () => {
  class OnlyRead extends DatabaseSync {
    constructor(path: string) {
      super(path, { readOnly: true })
    }
  }
  setup().set("a", "1", Infinity)
  const cache = setup()
  withDatabases(OnlyRead, () => {
    const unavailable = expect.objectContaining({
      code: "ADAPTER_UNAVAILABLE",
      message: expect.stringMatching(/readonly.*sqlite\(\{ path \}\) a file, or ISOCACHE_DIR a folder/),
    })
    expect(() => cache.open()).toThrow(unavailable)
    expect(() => cache.get("a")).toThrow(unavailable)
  })
  cache.open()
  expect(cache.get("a")).toBe("1")
})

test("a file that another process is writing to opens without a wait", () => {
  setup().set("a", "1", Infinity)
  const other = new DatabaseSync(file)
  other.exec("BEGIN IMMEDIATE")
  const start = performance.now()
  expect(setup().get("a")).toBe("1")
  expect(performance.now() - start).toBeLessThan(1000)
  other.exec("ROLLBACK")
  other.close()
})

test("a file that is removed while it is opened is made again for this user only", () => {
  setup().set("a", "1", Infinity)
  opened[0]?.close()
  let looks = 0
  const statFirstRemoves = (path: string): fs.Stats => {
    if (path === file && looks++ === 0) rmSync(file)
    return statSync(path)
  }
  vi.stubGlobal("process", {
    getBuiltinModule: (name: string) =>
      name === "node:fs" ? { ...fs, statSync: statFirstRemoves } : realProcess.getBuiltinModule(name),
  })
  const cache = setup()
  cache.set("b", "1", Infinity)
  expect(looks).toBeGreaterThan(1)
  expect((statSync(file).mode & 0o777).toString(8)).toBe("600")
})

test("a link to a file that is yet to come makes it, for this user only", () => {
  const target = join(folder, "target.sqlite")
  symlinkSync(target, file)
  setup().set("a", "1", Infinity)
  expect((statSync(target).mode & 0o777).toString(8)).toBe("600")
})

test("on a disk that the cache filled by itself, what the refusal advises helps", () => {
  class OnSmallDisk extends DatabaseSync {
    constructor(path: string) {
      super(path)
      this.exec("PRAGMA max_page_count = 100")
    }
  }
  const fill = (cache: SqliteAdapter): void => {
    for (let i = 0; i < 500; i++) cache.set(`k${i}`, "x".repeat(2000), Infinity)
  }
  const full = expect.objectContaining({
    code: "ADAPTER_UNAVAILABLE",
    message: expect.stringMatching(/the disk is full; free some space, or delete it and lower maxBytes/),
  })
  withDatabases(OnSmallDisk, () => {
    expect(() => fill(setup())).toThrow(full)
    // By itself a lower bound frees nothing where the log cannot grow either.
    rmSync(file)
    expect(() => fill(setup(file, 100_000))).not.toThrow()
  })
})

test("a write beyond the user's quota, which SQLite takes for a broken disk, says where to look", () => {
  class BeyondQuota extends DatabaseSync {
    override prepare(sql: string): StatementSync {
      const statement = super.prepare(sql)
      if (!sql.startsWith("INSERT INTO c")) return statement
      const run = (): never => {
        throw Object.assign(new Error("disk I/O error"), { code: "ERR_SQLITE_ERROR", errcode: 778 })
      }
      return Object.assign(statement, { run })
    }
  }
  withDatabases(BeyondQuota, () => {
    expect(() => setup().set("k", "1", Infinity)).toThrow(
      expect.objectContaining({
        code: "ADAPTER_UNAVAILABLE",
        message: expect.stringMatching(/disk I\/O error\); look at the disk, and at this user's quota/),
      }),
    )
  })
})
