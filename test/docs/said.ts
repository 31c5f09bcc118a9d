// The comments behind calls, `await cache.get("a") // 1`, made into checks.
import { mkdtempSync, rmSync } from "node:fs"
import { join } from "node:path"
import { inspect } from "node:util"
import { transform } from "esbuild"
import { onTestFinished } from "vitest"

/** What a line of a block answered, and what its comment says. */
export type Said = readonly [value: string, comment: string]

const statement =
  /^ *((?! |const |let |return |import |export |for |if |\}|\/\/)[^\n]*?),? \/\/ ((?:["\d[{]|Map|true|false|undefined)[^\n]*)$/gm

/** How many comments of a block tell a value. */
export function countSaid(code: string): number {
  return [...code.matchAll(statement)].length
}

/** Compiles a block to JavaScript that hands each value with a comment to the global `__say`. */
export async function checked(code: string): Promise<string> {
  const told = code.replace(
    statement,
    (_, call: string, comment: string) =>
      `;__say(${/^console\.log\((.*)\)$/.exec(call)?.[1] ?? call}, ${JSON.stringify(comment)})`,
  )
  return (await transform(told, { loader: "ts", target: "es2022" })).code
}

/** Whether a comment begins with a value as documents write it; spaces do not count. */
export function isSaid([value, comment]: Said): boolean {
  return bare(comment).startsWith(bare(value))
}

/** A value as documents write it. */
export function written(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value)
  return inspect(value, { breakLength: Infinity })
    .replace(/(Map|Set)\(\d+\)/g, "$1")
    .replaceAll("'", '"')
}

function bare(text: string): string {
  return text.replace(/\s/g, "")
}

/** A folder beside the tests for what they write; it goes with the test. */
export function temporary(beside: string): string {
  const folder = mkdtempSync(join(beside, "tmp-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
