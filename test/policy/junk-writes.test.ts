import { expect, test } from "vitest"
import { lateKinds } from "../support/fake.ts"
import { setup } from "../support/setup.ts"

test.each(lateKinds)(
  "expire, touch and delete of what is junk in the storage remove it at once: %s",
  async (kind) => {
    const { cache, storage } = await setup(kind)
    for (const verb of ["expire", "touch", "delete"] as const) {
      await cache.set("k", 1)
      const kept = storage.shelf.get("k")
      if (kept) storage.shelf.set("k", { ...kept, record: "junk" })
      expect(Number(await cache[verb]("k")), verb).toBe(0)
      expect(storage.shelf.has("k"), verb).toBe(false)
    }
  },
)
