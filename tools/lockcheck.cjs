// Whether `npm ci` will take a lockfile everywhere: node tools/lockcheck.cjs FOLDER...
// missing: dependencies that the lockfile asks for and does not have, and packages without integrity
// hosts: addresses of a registry, which .npmrc should keep out
// scripts: packages with an install script (for allowScripts)
const { readFileSync } = require("node:fs")
const { join } = require("node:path")

let bad = false
for (const folder of process.argv.slice(2)) {
  const { packages } = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8"))
  const missing = []
  const hosts = []
  const scripts = []
  for (const [place, entry] of Object.entries(packages)) {
    if (entry.resolved && !entry.link) hosts.push(`${place} ${entry.resolved}`)
    if (entry.hasInstallScript) scripts.push(`${place}@${entry.version}`)
    for (const name of Object.keys({ ...entry.optionalDependencies, ...entry.dependencies })) {
      if (!resolves(packages, place, name)) missing.push(`${place} -> ${name}`)
    }
    const ours = place === "" || !place.includes("node_modules/")
    if (!entry.integrity && !entry.link && !ours) missing.push(`no integrity: ${place}`)
  }
  bad ||= missing.length > 0 || hosts.length > 0
  console.log(process.argv.length > 3 ? folder : "", { missing, hosts, scripts })
}
process.exitCode = bad ? 1 : 0

/** Node's way up: the folder's own node_modules, then each parent's. */
function resolves(packages, place, name) {
  for (let at = place; ; at = at.slice(0, Math.max(0, at.lastIndexOf("/")))) {
    if (packages[`${at ? `${at}/` : ""}node_modules/${name}`]) return true
    if (!at) return false
  }
}
