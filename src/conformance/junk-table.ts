import type { Adapter, Stored } from "../adapter.ts"

/** Records that no cache has written, in the adapter's medium. */
export function junkFor(adapter: Adapter): readonly [Stored, ...Stored[]] {
  const texts = [
    "junk",
    "",
    "\n",
    "null",
    "0",
    "{}",
    "[]",
    '{"json":1}',
    "isocache",
    "1\n1",
    "\u{1f600}\n{",
    "9 9 9\n{}",
  ] as const
  if (adapter.medium === "text") return [...texts, "x".repeat(100_000)]
  if (adapter.medium === "bytes") {
    const bytes = texts.map((text) => new TextEncoder().encode(text))
    return [
      new Uint8Array([1]),
      new Uint8Array(0),
      new Uint8Array(1_000).fill(255),
      new Uint8Array(1_000),
      ...bytes,
    ]
  }
  return [
    "junk",
    "",
    0,
    42,
    true,
    {},
    [],
    { value: 1 },
    { format: 2, value: 1 },
    { format: "1" },
    new Map(),
    new Date(0),
  ]
}

/** Records that the adapter's storage could not have kept, as a broken one might return them. */
export function foreignTo(adapter: Adapter): readonly Stored[] {
  const all = [42, true, { value: 1 }, [], () => 1, Symbol("s")]
  if (adapter.medium === "text") return [...all, new Uint8Array([1, 2, 3])]
  if (adapter.medium === "bytes") return [...all, "text", new ArrayBuffer(8)]
  return [...all, "text", new Uint8Array([1, 2, 3])]
}

/** JSON that has been used in attacks on superjson, or that is expensive to parse. */
export const payloads: readonly string[] = [
  '{"__proto__":{"polluted":1}}',
  '{"constructor":{"prototype":{"polluted":1}}}',
  '{"json":{"__proto__":{"polluted":1}}}',
  '{"json":{"a":1},"meta":{"values":{"__proto__.polluted":["undefined"]}}}',
  '{"json":{"a":1},"meta":{"values":{"constructor.prototype.polluted":["Date"]}}}',
  '{"json":{"a":{"polluted":1}},"meta":{"referentialEqualities":{"a":["__proto__"]}}}',
  '{"json":{"a":{"polluted":1}},"meta":{"referentialEqualities":{"a":["constructor.prototype"]}}}',
  '{"json":{"a":"x"},"meta":{"values":{"a":["class","Account"]}}}',
  '{"json":{"a":"x"},"meta":{"values":{"a":["custom","Account"]}}}',
  '{"json":{"a":"/(/"},"meta":{"values":{"a":["regexp"]}}}',
  '{"json":{"a":"http://"},"meta":{"values":{"a":["URL"]}}}',
  '{"json":{"a":"x"},"meta":{"values":{"a":["bigint"]}}}',
  '{"json":{"a":[1]},"meta":{"values":{"a":[["typed-array","Function"]]}}}',
  '{"json":{"a":1},"meta":{"values":{"a":["nonsense"]}}}',
  '{"json":{"a":1},"meta":{"values":{"b.c.d":["Date"]}}}',
  '{"json":{"a":1},"meta":null}',
  '{"json":null}',
  '{"meta":{"values":["Date"]}}',
  '{"then":"function"}',
  "[".repeat(400),
  "null",
]
