import { type Adapter, isToken } from "./adapter.ts"
import type { Kit } from "./kit.ts"
import { Engine } from "./policy/engine.ts"
import { flush, overlay, type Pending } from "./store/overlay.ts"

/**
 * Runs `work` on a view whose writes wait: they reach the storage together when it succeeds, and not at all when it
 * throws. Regions with a storage of their own are outside of it.
 *
 * @param face - Makes a region's face of what it stands on.
 */
export async function batch<R>(
  kit: Kit,
  face: (kit: Kit) => object,
  work: (kit: Kit) => Promise<R>,
): Promise<R> {
  const engine = kit.settings.home()
  const store = await engine.open()
  const { adapter, pending } = overlay(store.adapter, (key) => engine.versions(store).create(key))
  const inner = new Engine({ ...engine.source, owned: false, open: () => store.over(adapter) }, kit.hub)
  await inner.open()

  const into = (outer: Kit): Kit => ({ ...outer, shared, settings: { ...outer.settings, home: () => inner } })
  const regions: Kit["shared"]["regions"] = new Map()
  const shared = { ...kit.shared, regions, engine: kit.shared.engine === engine ? inner : kit.shared.engine }
  for (const [path, known] of kit.shared.regions) {
    const view = known.kit.settings.ownsHome ? known.kit : into(known.kit)
    regions.set(path, { ...known, kit: view, face: known.kit === view ? known.face : face(view) })
  }

  engine.begin()
  try {
    const result = await work(into(kit))
    await inner.retire(Number.POSITIVE_INFINITY)
    await commit(engine, store.adapter, pending, kit.settings.policy.storeTimeout)
    return result
  } finally {
    engine.end()
  }
}

/** Writes what a batch has gathered, and beats the flights it outdates. */
async function commit(engine: Engine, adapter: Adapter, pending: Pending, ms: number): Promise<void> {
  const keys = [...pending.writes.keys()]
  if (keys.length === 0 && pending.cleared.length === 0) return
  const beat = () => {
    engine.fence(keys)
    // Versions end entries that no key names, and so may their flights be any.
    if (pending.cleared.length > 0 || keys.some(isToken)) engine.flights.fenceWhere(() => true)
  }
  beat()
  try {
    if (pending.cleared.length > 0) await engine.queue.alone(ms, (isLate) => flush(adapter, pending, isLate))
    else await engine.queue.ordered(keys, ms, (isLate) => flush(adapter, pending, isLate))
  } finally {
    beat()
  }
}
