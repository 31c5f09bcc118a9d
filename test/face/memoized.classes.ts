/*
 * Classes under @memoized. The test runner cannot compile decorators, so memoized.test.ts does it before it imports this.
 */

import type * as index from "../../src/index.ts"
import type { MemoizedOptions, Region } from "../../src/index.ts"

type Memoized = typeof index.memoized

interface Asynchronous<A extends unknown[], R> {
  find(...args: A): Promise<R>
}

export function shared(
  memoized: Memoized,
  cache: Region | undefined,
): new () => Asynchronous<[id: number], string> {
  let calls = 0
  return class Users {
    @memoized({ name: "Users.find", instance: "shared", cache })
    async find(id: number): Promise<string> {
      return `${id} ${++calls}`
    }
  }
}

export function tenants(
  memoized: Memoized,
  cache: Region,
): new (
  tenant: string,
) => Asynchronous<[id: number], string> {
  return class Repo {
    readonly tenant: string
    constructor(tenant: string) {
      this.tenant = tenant
    }
    @memoized({ name: "Repo.find", instance: (self: Repo) => self.tenant, cache, ttl: "1h" })
    async find(id: number): Promise<string> {
      return `${this.tenant} ${id}`
    }
  }
}

export function config(memoized: Memoized, cache: Region) {
  let calls = 0
  class Config {
    @memoized({ name: "Config.all", instance: "shared", cache })
    get all(): Promise<number> {
      return Promise.resolve(++calls)
    }
    @memoized({ name: "Config.load", instance: "shared", cache })
    static async load(name: string): Promise<string> {
      // biome-ignore lint/complexity/noThisInStatic: whether this is the class is what is asked.
      return `${Config === this} ${name} ${++calls}`
    }
    @memoized({ name: "Config.one", instance: "shared", cache })
    static get one(): Promise<number> {
      return Promise.resolve(++calls)
    }
  }
  return Config
}

export function hidden(memoized: Memoized, cache: Region): new () => Asynchronous<[], number> {
  let calls = 0
  return class Deep {
    @memoized({ name: "Deep.#find", instance: "shared", cache })
    async #find(): Promise<number> {
      return ++calls
    }
    find(): Promise<number> {
      return this.#find()
    }
  }
}

export function withOptions(
  memoized: Memoized,
  options: MemoizedOptions,
): new () => Asynchronous<[id: number, trace: () => void], number> {
  let calls = 0
  return class Users {
    @memoized(options)
    async find(_id: number, _trace: () => void): Promise<number> {
      return ++calls
    }
  }
}
