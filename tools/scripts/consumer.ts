// The package as someone who installs it has it: packed, unpacked into a project that knows nothing of this one.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root, run } from "./run.ts"

/** The folder of the consumer; `node_modules/isocache` in it is what npm would install. */
export const consumer: string = join(root, ".package/consumer")

/** Packs `dist` and unpacks it anew into {@link consumer}. */
export async function makeConsumer(): Promise<void> {
  const installed = join(consumer, "node_modules/isocache")
  rmSync(join(root, ".package"), { recursive: true, force: true })
  mkdirSync(installed, { recursive: true })
  const packed = await run(
    "npm",
    ["pack", "--silent", "--ignore-scripts", "--pack-destination", ".package"],
    {
      quiet: true,
    },
  )
  const archive = readdirSync(join(root, ".package")).find((name) => name.endsWith(".tgz"))
  if (!packed.ok || !archive) throw new Error(`npm pack: ${packed.output}`)
  const unpacked = await run("tar", [
    "-xzf",
    join(root, ".package", archive),
    "-C",
    installed,
    "--strip-components=1",
  ])
  if (!unpacked.ok) throw new Error(`tar: ${unpacked.output}`)
  const manifest = { name: "consumer", private: true, type: "module" }
  writeFileSync(join(consumer, "package.json"), `${JSON.stringify(manifest)}\n`)
}
