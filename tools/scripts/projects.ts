// The projects of their own under tools/: what cannot live in the main node_modules.
import { existsSync, statSync } from "node:fs"
import { join } from "node:path"
import { type Ran, root, run } from "./run.ts"

/** Installs a project under tools/ unless it stands as its lockfile says. */
export async function install(name: "runtimes" | "types" | "docs"): Promise<Ran> {
  const folder = join(root, "tools", name)
  const [done, wanted] = ["node_modules/.package-lock.json", "package-lock.json"].map((file) =>
    join(folder, file),
  )
  if (done && wanted && existsSync(done) && statSync(done).mtimeMs >= statSync(wanted).mtimeMs) {
    return { ok: true, output: "" }
  }
  return run("npm", ["ci", "--prefix", folder, "--no-audit", "--no-fund", "--loglevel=error"])
}
