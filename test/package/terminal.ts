import { spawn } from "node:child_process"
import { existsSync } from "node:fs"

/** Debian's `script`, of bsdutils; that of other systems takes other arguments. */
const script = "/usr/bin/script"

export const hasTerminal: boolean =
  process.platform === "linux" && (existsSync(script) || !!process.env["CI"])

/**
 * Runs a command in a terminal of its own, where nobody types: a question is never answered. Answers what it showed;
 * after `limit` ms it is ended, and `ended` is false.
 */
export function inTerminal(
  words: readonly string[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>>; readonly limit: number },
): Promise<{ readonly ended: boolean; readonly shown: string }> {
  const line = words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ")
  // Its input stays open: at the end of it the terminal would answer questions with an end of file.
  const child = spawn(script, ["-qec", line, "/dev/null"], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["pipe", "pipe", "inherit"],
  })
  let shown = ""
  child.stdout.on("data", (chunk: Buffer) => {
    shown += chunk
  })
  return new Promise((resolve, reject) => {
    let ended = true
    // script ends what runs in its terminal.
    const limit = setTimeout(() => {
      ended = false
      child.kill("SIGTERM")
    }, options.limit)
    child.once("error", reject)
    child.once("close", () => {
      clearTimeout(limit)
      resolve({ ended, shown: shown.replaceAll("\r\n", "\n") })
    })
  })
}
