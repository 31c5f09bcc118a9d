// Every entry resolves and compiles for a consumer who has nothing else installed.
import * as root from "isocache"
import * as indexeddb from "isocache/adapters/indexeddb"
import * as kv from "isocache/adapters/kv"
import * as memory from "isocache/adapters/memory"
import * as none from "isocache/adapters/none"
import * as sqlite from "isocache/adapters/sqlite"
import * as upstash from "isocache/adapters/upstash"
import * as codecs from "isocache/codecs"
import * as conformance from "isocache/conformance"
import * as core from "isocache/core"
import * as proxies from "isocache/proxies"
// @ts-expect-error: what is not exported cannot be had
import * as inner from "isocache/src/key"
import * as testing from "isocache/testing"
import * as tiers from "isocache/tiers"

export const entries: readonly object[] = [
  ...[root, core, tiers, codecs, proxies, conformance, testing],
  ...[memory, indexeddb, kv, upstash, sqlite, none, inner],
]

// @ts-expect-error: what is not there has no type either
entries.push(root.nothingOfThatName)
