import { spawnSync } from "node:child_process"
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs"
import os, { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { pathToFileURL } from "node:url"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { type SqliteAdapter, sqlite } from "../../adapters/sqlite.ts"
import { CacheWrapper } from "../../src/core.ts"

// Reached while a test puts another one in its place.
const realProcess = process

let folder: string
let file: string
let opened: SqliteAdapter[]
let errors: unknown[]

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "isocache-sqlite-")))
  file = join(folder, "cache.sqlite")
  opened = []
  errors = []
})

afterEach(() => {
  vi.unstubAllGlobals()
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
  for (const cache of opened) cache.close()
  rmSync(folder, { recursive: true, force: true })
})

function setup(path = file): SqliteAdapter {
  return watched(sqlite({ path }))
}

function setupDefault(): SqliteAdapter {
  return watched(sqlite())
}

function watched(cache: SqliteAdapter): SqliteAdapter {
  opened.push(cache)
  cache.observe((event) => {
    if (event.type === "error") errors.push(event.error)
  })
  return cache
}

function mode(path: string): string {
  return (statSync(path).mode & 0o777).toString(8)
}

function aside(): string[] {
  return readdirSync(folder).filter((name) => /^cache\.sqlite\.corrupt-\d+$/.test(name))
}

function nameless(): never {
  throw new Error("A system error occurred: uv_os_homedir returned ENOENT")
}

/** A healthy file of 3 000 records, all of it in the main file. */
function makeFull(): void {
  const cache = setup()
  cache.setMany(Array.from({ length: 3000 }, (_, i) => [`k${i}`, `${i}`.padEnd(500, "."), Infinity]))
  cache.close()
}

function read(path: string, sql: string): Record<string, unknown> | undefined {
  const db = new DatabaseSync(path, { readOnly: true })
  try {
    return db.prepare(sql).get()
  } finally {
    db.close()
  }
}

describe("a new file", () => {
  test("is made on first use, for this user only, with its folders and its log", () => {
    file = join(folder, "deep", "er", "cache.sqlite")
    const cache = setup()
    expect(existsSync(join(folder, "deep"))).toBe(false)
    cache.set("a", "1", Infinity)
    expect(mode(join(folder, "deep"))).toBe("700")
    expect(mode(join(folder, "deep", "er"))).toBe("700")
    for (const name of [file, `${file}-wal`, `${file}-shm`]) expect(mode(name), name).toBe("600")
  })

  test("has write-ahead logging and gives pages back", () => {
    const cache = setup()
    cache.setMany(Array.from({ length: 3000 }, (_, i) => [`k${i}`, "x".repeat(1000), 1]))
    expect(read(file, "PRAGMA journal_mode")).toEqual({ journal_mode: "wal" })
    expect(read(file, "PRAGMA auto_vacuum")).toEqual({ auto_vacuum: 2 })
    cache.close()
    const full = statSync(file).size
    cache.open()
    expect(cache.prune(Date.now() + 60_000)).toBe(3000)
    cache.close()
    expect(statSync(file).size).toBeLessThan(full - 1_000_000)
  })

  test("is small again after clear, while it is open and when it is closed", () => {
    const cache = setup()
    cache.setMany(Array.from({ length: 5000 }, (_, i) => [`k${i}`, "x".repeat(1000), Infinity]))
    cache.clear("")
    expect(statSync(file).size).toBeLessThan(100_000)
    cache.set("a", "1", Infinity)
    cache.close()
    expect(statSync(file).size).toBeLessThan(100_000)
    expect(read(file, "PRAGMA auto_vacuum")).toEqual({ auto_vacuum: 2 })
    expect(setup().get("a")).toBe("1")
  })

  test("leaves neither log nor lock behind on close", () => {
    makeFull()
    expect(readdirSync(folder)).toEqual(["cache.sqlite"])
  })
})

describe("the default file", () => {
  test("is in ISOCACHE_DIR, one for each project root, named after it", () => {
    vi.stubEnv("ISOCACHE_DIR", join(folder, "caches"))
    const roots = ["one/same name!", "two/same name!"].map((name) => join(folder, name))
    for (const root of roots) {
      mkdirSync(join(root, "src", "deep"), { recursive: true })
      writeFileSync(join(root, "package.json"), "{}")
    }
    mkdirSync(join(folder, "deno"))
    writeFileSync(join(folder, "deno", "deno.jsonc"), "{}")
    const [one, two] = roots as [string, string]
    const cwd = vi.spyOn(process, "cwd")
    const write = (from: string, value: string): void => {
      cwd.mockReturnValue(from)
      const cache = setupDefault()
      expect(cache.get("k"), from).toBe(undefined)
      cache.set("k", value, Infinity)
    }
    write(one, "one")
    write(two, "two")
    write(join(folder, "deno"), "deno")
    cwd.mockReturnValue(join(one, "src", "deep"))
    expect(setupDefault().get("k")).toBe("one")
    const names = readdirSync(join(folder, "caches")).filter((name) => name.endsWith(".sqlite"))
    expect(names).toHaveLength(3)
    expect(names.filter((name) => /^same_name_-[0-9a-f]{16}\.v1\.sqlite$/.test(name))).toHaveLength(2)
    expect(mode(join(folder, "caches"))).toBe("700")
  })

  test.each(["", "~/caches"])(
    "says how to give one where the working folder is gone, with ISOCACHE_DIR %j",
    (own) => {
      vi.stubEnv("ISOCACHE_DIR", own.replace("~", folder))
      vi.spyOn(process, "cwd").mockImplementation(() => {
        throw new Error("ENOENT: no such file or directory, uv_cwd")
      })
      expect(() => setupDefault().get("k")).toThrow(
        expect.objectContaining({
          code: "ADAPTER_UNAVAILABLE",
          message: expect.stringMatching(/working folder cannot be read.*give sqlite\(\{ path \}\)/),
        }),
      )
    },
  )

  test.each([
    ["throws", nameless],
    ["answers null, as in Deno,", () => null as unknown as string],
  ])("says how to give one where the system knows no home of the user's, and %s", (_, homedir) => {
    for (const name of ["ISOCACHE_DIR", "XDG_CACHE_HOME", "HOME"]) vi.stubEnv(name, "")
    vi.spyOn(process, "platform", "get").mockReturnValue("linux")
    vi.spyOn(os, "homedir").mockImplementation(homedir)
    expect(() => setupDefault().set("k", "1", Infinity)).toThrow(
      expect.objectContaining({
        code: "ADAPTER_UNAVAILABLE",
        message: expect.stringMatching(/no home folder\. Set ISOCACHE_DIR/),
      }),
    )
  })

  test.each([
    ["linux", { XDG_CACHE_HOME: "~/x" }, "x/isocache"],
    ["linux", { XDG_CACHE_HOME: "relative", HOME: "~" }, ".cache/isocache"],
    ["linux", { XDG_CACHE_HOME: "", HOME: "~" }, ".cache/isocache"],
    ["darwin", { HOME: "~" }, "Library/Caches/isocache"],
    ["win32", { LOCALAPPDATA: "~/Local" }, "Local/isocache"],
    ["win32", { LOCALAPPDATA: "", USERPROFILE: "~" }, "AppData/Local/isocache"],
  ])("is in the user's cache folder on %s, with %j", (platform, env, expected) => {
    vi.stubEnv("ISOCACHE_DIR", "")
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value.replace("~", folder))
    vi.spyOn(process, "platform", "get").mockReturnValue(platform as NodeJS.Platform)
    setupDefault().set("a", "1", Infinity)
    expect(readdirSync(join(folder, expected))).toContainEqual(expect.stringMatching(/\.v1\.sqlite$/))
  })
})

describe("trouble", () => {
  const junk = {
    "a word": "junk",
    "a page of letters": "x".repeat(4096),
    "much of nothing": "\0".repeat(10_000),
    "SQLite's first bytes and junk": `SQLite format 3\0${"j".repeat(5000)}`,
  }

  test.each(Object.entries(junk))("%s in the file: it is moved away, once, and recreated", (_, text) => {
    writeFileSync(file, text)
    const cache = setup()
    expect(cache.get("a")).toBeUndefined()
    cache.set("a", "1", Infinity)
    expect(cache.get("a")).toBe("1")
    expect(aside()).toHaveLength(1)
    expect(readFileSync(join(folder, aside()[0] ?? ""), "latin1")).toBe(text)
    expect(mode(file)).toBe("600")
    expect(errors).toEqual([
      expect.objectContaining({
        code: "ADAPTER_UNAVAILABLE",
        message: expect.stringContaining(aside()[0] ?? ""),
      }),
    ])
    expect(setup().get("a")).toBe("1")
    expect(errors).toHaveLength(1)
  })

  test("an empty file is taken over", () => {
    writeFileSync(file, "")
    setup().set("a", "1", Infinity)
    expect(aside()).toEqual([])
    expect(errors).toEqual([])
  })

  test("a file truncated anywhere is no crash: each record is right or absent, and writing works", () => {
    makeFull()
    const whole = readFileSync(file)
    for (const part of [0.9, 0.5, 0.1, 0.01]) {
      rmSync(folder, { recursive: true, force: true })
      mkdirSync(folder)
      writeFileSync(file, whole)
      truncateSync(file, Math.floor(whole.length * part))
      const cache = setup()
      for (let i = 0; i < 3000; i += 7) {
        const record = cache.get(`k${i}`)
        if (record !== undefined) expect(record).toBe(`${i}`.padEnd(500, "."))
      }
      cache.setMany([["new", "1", Infinity]])
      expect(cache.get("new")).toBe("1")
      cache.close()
      expect(aside().length, `${part}`).toBeLessThanOrEqual(1)
    }
  })

  test("damage found in the middle of the work: the file is set aside and the operation done on a new one", () => {
    makeFull()
    const bytes = readFileSync(file)
    // The leaves of tables begin with 13.
    for (let page = 4096 * 8; page < bytes.length; page += 4096) {
      if (bytes[page] === 13) bytes.fill(0x5a, page, page + 4096)
    }
    writeFileSync(file, bytes)
    const cache = setup()
    cache.open()
    expect(aside()).toEqual([])
    expect(cache.getMany(["k1", "k2"])).toEqual([undefined, undefined])
    cache.set("a", "1", Infinity)
    expect(cache.get("a")).toBe("1")
    expect(aside()).toHaveLength(1)
    expect(errors).toHaveLength(1)
  })

  test("a file cut short under us is damaged too, where the end of a long record is missing", () => {
    const cache = setup()
    cache.setMany([
      ["a", "1", Infinity],
      ["long", "x".repeat(1_000_000), Infinity],
    ])
    cache.close()
    cache.open()
    // The log says now how long the file is.
    cache.set("a", "2", Infinity)
    truncateSync(file, statSync(file).size / 2)
    expect(cache.get("long")).toBeUndefined()
    cache.set("a", "3", Infinity)
    expect(cache.getMany(["a", "long"])).toEqual(["3", undefined])
    expect(aside()).toHaveLength(1)
    expect(errors).toHaveLength(1)
  })

  test("a lock that a dead process left delays the repair, and does not prevent it", () => {
    writeFileSync(file, "junk")
    writeFileSync(`${file}.repair`, "")
    const cache = setup()
    expect(() => cache.set("a", "1", Infinity)).toThrow(
      expect.objectContaining({
        code: "ADAPTER_UNAVAILABLE",
        message: expect.stringMatching(/cache\.sqlite cannot be opened \(another process repairs it/),
      }),
    )
    expect(readFileSync(file, "utf8")).toBe("junk")
    const old = new Date(Date.now() - 11_000)
    utimesSync(`${file}.repair`, old, old)
    cache.open()
    cache.set("a", "1", Infinity)
    expect(cache.get("a")).toBe("1")
    expect(aside()).toHaveLength(1)
    expect(errors).toHaveLength(1)
    expect(existsSync(`${file}.repair`)).toBe(false)
  })

  test("damage in the middle of the work that cannot be set aside says so, and is tried again", () => {
    makeFull()
    const cache = setup()
    cache.open()
    const other = new DatabaseSync(file)
    other.exec("PRAGMA wal_checkpoint(TRUNCATE)")
    other.close()
    cache.close()
    const bytes = readFileSync(file)
    // The leaves of tables begin with 13.
    for (let page = 4096 * 8; page < bytes.length; page += 4096) {
      if (bytes[page] === 13) bytes.fill(0x5a, page, page + 4096)
    }
    writeFileSync(file, bytes)
    writeFileSync(`${file}.repair`, "")
    cache.open()
    expect(() => cache.getMany(["k1", "k2"])).toThrow(
      expect.objectContaining({ code: "ADAPTER_UNAVAILABLE" }),
    )
    rmSync(`${file}.repair`)
    expect(cache.getMany(["k1", "k2"])).toEqual([undefined, undefined])
    expect(aside()).toHaveLength(1)
  })

  test("the second damage is not repaired: ADAPTER_UNAVAILABLE", () => {
    writeFileSync(file, "junk")
    const cache = setup()
    cache.set("a", "1", Infinity)
    rmSync(`${file}-wal`)
    rmSync(`${file}-shm`)
    renameSync(file, `${file}.gone`)
    writeFileSync(file, "junk again")
    vi.useFakeTimers({ now: Date.now() + 10_000 })
    expect(() => cache.get("a")).toThrow(expect.objectContaining({ code: "ADAPTER_UNAVAILABLE" }))
    vi.useRealTimers()
    expect(readFileSync(file, "utf8")).toBe("junk again")
  })

  test("another program's database is set aside whole, what its log holds included", () => {
    const foreign = new DatabaseSync(file)
    foreign.exec("PRAGMA journal_mode = WAL; CREATE TABLE users (name); INSERT INTO users VALUES ('ada')")
    const cache = setup()
    cache.set("a", "1", Infinity)
    foreign.close()
    expect(read(join(folder, aside()[0] ?? ""), "SELECT name FROM users")).toEqual({ name: "ada" })
    expect(read(file, "SELECT count(*) AS n FROM c")).toEqual({ n: 1 })
    expect(errors).toHaveLength(1)
  })

  test("a file of another format of ours is emptied and goes on, without noise", () => {
    makeFull()
    const db = new DatabaseSync(file)
    db.exec("PRAGMA user_version = 99; CREATE TABLE later (x); CREATE VIEW seen AS SELECT * FROM later")
    db.close()
    const cache = setup()
    expect(cache.get("k1")).toBeUndefined()
    cache.set("a", "1", Infinity)
    expect(
      read(
        file,
        "SELECT group_concat(name) AS names FROM sqlite_master WHERE type <> 'index' AND name NOT LIKE 'sqlite_%'",
      ),
    ).toEqual({ names: "c,l" })
    expect(aside()).toEqual([])
    expect(errors).toEqual([])
  })

  test("tables changed or dropped by others are recreated", () => {
    const cache = setup()
    cache.set("a", "1", Infinity)
    const other = new DatabaseSync(file)
    other.exec("DROP TABLE c")
    expect(cache.get("a")).toBeUndefined()
    cache.set("a", "2", Infinity)
    expect(cache.get("a")).toBe("2")
    other.exec("ALTER TABLE c RENAME COLUMN v TO w")
    other.close()
    cache.close()
    cache.open()
    cache.set("a", "3", Infinity)
    expect(cache.get("a")).toBe("3")
    expect(aside()).toEqual([])
  })

  test("a file deleted under us is noticed within seconds", () => {
    const [cache, other] = [setup(), setup()]
    cache.set("a", "1", Infinity)
    for (const name of readdirSync(folder)) rmSync(join(folder, name))
    other.set("b", "1", Infinity)
    vi.useFakeTimers({ now: Date.now() + 5001 })
    expect(cache.get("b")).toBe("1")
    expect(cache.get("a")).toBeUndefined()
    vi.useRealTimers()
  })

  test("a file replaced by another process while it is opened is left, and the new one opened", () => {
    const other = setup()
    other.set("of", "the old file", Infinity)
    let swaps = 0
    class SwappedWhileOpening extends DatabaseSync {
      constructor(path: string) {
        super(path)
        if (swaps++ > 0) return
        for (const end of ["", "-wal", "-shm"]) renameSync(file + end, `${file}.old${end}`)
        const first = sqlite({ path: file })
        first.set("of", "the new file", Infinity)
        opened.push(first)
      }
    }
    vi.stubGlobal("process", {
      getBuiltinModule: (name: string) =>
        name === "node:sqlite" ? { DatabaseSync: SwappedWhileOpening } : realProcess.getBuiltinModule(name),
    })
    const cache = setup()
    const found = cache.get("of")
    vi.unstubAllGlobals()
    expect(found).toBe("the new file")
    expect(swaps).toBe(3)
    expect(errors).toEqual([])
  })

  test("junk in a row is a text that is no record", () => {
    const cache = setup()
    const keys = ["a", "b", "c", "d", "e"]
    cache.setMany(keys.map((key) => [key, "1", Infinity]))
    const db = new DatabaseSync(file)
    db.exec("UPDATE c SET v = 42 WHERE k = 'a'; UPDATE c SET v = x'09ff' WHERE k = 'b'")
    db.exec("UPDATE c SET v = NULL WHERE k = 'c'; UPDATE c SET v = x'010203ff' WHERE k = 'd'")
    db.exec("UPDATE c SET v = x'' WHERE k = 'e'")
    db.close()
    expect(cache.getMany(keys)).toEqual(["", "", "", "", ""])
    expect(cache.get("d")).toBe("")
    cache.set("a", "2", Infinity)
    expect(cache.get("a")).toBe("2")
  })

  test("junk in a row is corrupt to a cache, reported and removed; in the row of a version token it is a miss", async () => {
    const adapter = setup()
    const cache = new CacheWrapper({ adapter })
    const told: string[] = []
    cache.on("error", ({ error }) => told.push(String(error)))
    await cache.set("k", 1)
    await cache.set("l", 2)
    const db = new DatabaseSync(file)
    db.exec("UPDATE c SET v = x'deadbeef' WHERE k LIKE '%k' AND k NOT LIKE '#%'")
    expect(await cache.get("k")).toBeUndefined()
    expect(told).toEqual([expect.stringContaining("not an entry")])
    expect([...adapter.keys("")].filter((key) => key.endsWith("k"))).toEqual([])
    db.exec("UPDATE c SET v = NULL WHERE k LIKE '#%'")
    db.close()
    const again = new CacheWrapper({ adapter: setup() })
    expect(await again.get("l")).toBeUndefined()
    await again.set("l", 3)
    expect(await again.get("l")).toBe(3)
  })

  test.each([
    ["a folder", (): string => folder],
    ["a file below a file", (): string => join(file, "below", "cache.sqlite")],
    ["a place where nobody writes", (): string => "/proc/nobody/cache.sqlite"],
  ])("%s as path: ADAPTER_UNAVAILABLE with the cure and the cause", (_, path) => {
    writeFileSync(file, "a regular file")
    const cache = setup(path())
    const unavailable = expect.objectContaining({
      code: "ADAPTER_UNAVAILABLE",
      message: expect.stringMatching(/sqlite\(\{ path \}\) a file, or ISOCACHE_DIR a folder/),
      cause: expect.any(Error),
    })
    expect(() => cache.get("a")).toThrow(unavailable)
    expect(() => cache.open()).toThrow(unavailable)
    expect(() => cache.set("a", "1", 1000)).toThrow(unavailable)
    expect(aside()).toEqual([])
    expect(errors).toEqual([])
  })

  test("what could not be opened is tried again by open, at once, and by operations after a second", () => {
    writeFileSync(file, "in the way")
    const cache = setup(join(file, "cache.sqlite"))
    expect(() => cache.get("a")).toThrow()
    rmSync(file)
    expect(() => cache.get("a")).toThrow()
    cache.open()
    expect(cache.get("a")).toBeUndefined()
  })

  test("a writer that keeps its lock: ADAPTER_UNAVAILABLE after a short wait; reads go on", () => {
    const cache = setup()
    cache.set("a", "1", Infinity)
    const other = new DatabaseSync(file)
    other.exec("BEGIN IMMEDIATE")
    const start = performance.now()
    expect(() => cache.set("the key", "s3cret", Infinity)).toThrow(
      expect.objectContaining({
        code: "ADAPTER_UNAVAILABLE",
        key: "the key",
        message: expect.not.stringContaining("s3cret"),
      }),
    )
    expect(performance.now() - start).toBeLessThan(10_000)
    expect(cache.get("a")).toBe("1")
    other.exec("ROLLBACK")
    other.close()
    cache.set("the key", "1", Infinity)
    expect(cache.get("the key")).toBe("1")
  })
})

describe("a runtime without SQLite", () => {
  const known = { code: "ADAPTER_UNAVAILABLE", message: expect.stringMatching(/22\.13.*2\.2.*1\.4/) }

  test.each([
    ["no process", undefined],
    ["a process that knows no builtin modules", {}],
    ["Node 20", { getBuiltinModule: () => undefined }],
    [
      "a builtin that throws",
      {
        getBuiltinModule: () => {
          throw new Error("not here")
        },
      },
    ],
    [
      "a Worker, whose databases cannot be made",
      {
        getBuiltinModule: (name: string) =>
          name === "node:sqlite"
            ? {
                DatabaseSync: class {
                  constructor() {
                    throw new TypeError("Illegal constructor")
                  }
                },
              }
            : realProcess.getBuiltinModule(name),
      },
    ],
  ])("%s: ADAPTER_UNAVAILABLE says which has it", (_, fake) => {
    const cache = setup()
    vi.stubGlobal("process", fake)
    let thrown: unknown
    try {
      cache.get("a")
    } catch (error) {
      thrown = error
    }
    vi.unstubAllGlobals()
    expect(thrown).toMatchObject(known)
  })

  test.each([
    ["the process itself", (process: object) => process],
    ["a copy, as in Jest", (process: object) => ({ ...process })],
  ])("loading SQLite prints nothing, and lets other warnings pass: the global is %s", (_, globalOf) => {
    const warned: unknown[] = []
    const emitWarning = (...details: unknown[]): void => void warned.push(details)
    const fake = {
      emitWarning,
      getBuiltinModule(name: string): unknown {
        if (name === "node:process") return fake
        if (name === "node:sqlite") {
          fake.emitWarning(
            "SQLite is an experimental feature and might change at any time",
            "ExperimentalWarning",
          )
          fake.emitWarning("careful", "ExperimentalWarning")
        }
        return realProcess.getBuiltinModule(name)
      },
    }
    vi.stubGlobal("process", globalOf(fake))
    const cache = setup(":memory:")
    cache.set("a", "1", Infinity)
    vi.unstubAllGlobals()
    expect(warned).toEqual([["careful", "ExperimentalWarning"]])
    expect(fake.emitWarning).toBe(emitWarning)
  })

  test("importing and making the adapter opens nothing and prints nothing", () => {
    const module = pathToFileURL(join(import.meta.dirname, "../../adapters/sqlite.ts")).href
    const script = `import { sqlite } from ${JSON.stringify(module)}; sqlite()`
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
      cwd: folder,
      env: { ...process.env, ISOCACHE_DIR: folder, NODE_OPTIONS: "" },
    })
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" })
    expect(readdirSync(folder), basename(folder)).toEqual([])
  })
})
