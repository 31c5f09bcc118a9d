import fc from "fast-check"
import { expect, test } from "vitest"
import { cloneValue, copyIn } from "../../src/codec/clone.ts"
import { codecFor } from "../../src/codec/codec.ts"
import { isPlainJson } from "../../src/codec/serialize.ts"
import { superjsonSerializer } from "../../src/codec/superjson.ts"
import { copyOut } from "./copy-out.ts"
import { picture } from "./picture.ts"

const anything = fc.anything({
  key: fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("__proto__", "constructor", "$", "a.b", "\\", "then", ""),
  ),
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
  maxDepth: 5,
})

/** A graph: objects of many kinds whose members are chosen among all of them. */
const graph = fc
  .array(fc.tuple(fc.nat(6), fc.array(fc.tuple(fc.constantFrom("a", "$", "__proto__", "0"), fc.nat(12)))), {
    maxLength: 12,
  })
  .map((plan) => {
    const nodes = plan.map(
      ([kind]): any => [{}, [], new Map(), new Set(), new Error("e"), new Date(kind), {}][kind],
    )
    plan.forEach(([kind, edges], at) => {
      for (const [name, to] of edges) {
        const target = nodes[to] ?? to
        if (kind === 1) nodes[at].push(target)
        else if (kind === 2) nodes[at].set(target, nodes[to + 1])
        else if (kind === 3) nodes[at].add(target)
        else if (kind !== 5) {
          Object.defineProperty(nodes[at], name, {
            value: target,
            enumerable: true,
            configurable: true,
            writable: true,
          })
        }
      }
    })
    return nodes
  })

const value = fc.oneof(anything, graph)
const serializer = superjsonSerializer()

test("what is copied or serialized is the same, in every way", () => {
  fc.assert(
    fc.property(value, (one) => {
      const before = picture(one)
      const copied = copyIn(one)
      expect(picture(copied.value)).toBe(before)
      expect(picture(copyOut(copied))).toBe(before)
      expect(picture(serializer.parse(serializer.stringify(one)))).toBe(before)
    }),
    { numRuns: 1500 },
  )
})

test("what is called plain is kept by JSON, and only what JSON would change is not", () => {
  fc.assert(
    fc.property(value, (one) => {
      let kept = false
      try {
        const text = JSON.stringify(one)
        kept = text !== undefined && picture(JSON.parse(text)) === picture(one)
      } catch {}
      expect(isPlainJson(one)).toBe(kept)
    }),
    { numRuns: 1500 },
  )
})

test("the two copies agree, whichever code makes them", async () => {
  const codec = await codecFor({ medium: "object", copy: "clone" })
  await fc.assert(
    fc.asyncProperty(value, async (one) => {
      const kept = {
        format: 1,
        createdAt: 0,
        freshUntil: 0,
        ttl: 0,
        grace: 0,
        took: 0,
        tags: [],
        marks: [],
      } as const
      const back = await codec.decode("k", await codec.encode("k", { ...kept, value: one }))
      expect(picture(back && codec.out(back))).toBe(picture(cloneValue(one)))
    }),
    { numRuns: 500 },
  )
})

test("no text makes parse do anything but answer or throw", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.json().map((text) => `~[${text},[1],{"0":["Date"]}]`),
      ),
      (text) => {
        try {
          serializer.parse(text)
        } catch {}
        expect(Object.keys(Object.prototype)).toEqual([])
      },
    ),
    { numRuns: 1500 },
  )
})
