import { spawn } from "node:child_process"
import { delimiter, join } from "node:path"
import { fileURLToPath } from "node:url"

/** The folder of the repository, without a slash at its end. */
export const root: string = fileURLToPath(new URL("../..", import.meta.url)).replace(/[\\/]$/, "")

export interface Ran {
  readonly ok: boolean
  /** Both streams, in the order they came. */
  readonly output: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Ends the command, with all it started, after so many ms. Default twenty minutes. */
  readonly timeout?: number
  /** Keeps the output to itself; it is in the answer. Default false. */
  readonly quiet?: boolean
}

/** Runs a command with the repository's own tools first on the PATH. Never rejects. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { cwd = root, env = {}, timeout = 1_200_000, quiet = false } = options
  const path = [join(root, "node_modules/.bin"), process.env["PATH"]].join(delimiter)
  // A group of its own, so that the time limit also ends browsers and servers that it started.
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, PATH: path, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  })
  running.add(child)
  let output = ""
  const take = (stream: NodeJS.WriteStream) => (chunk: Buffer) => {
    output += chunk
    if (!quiet) stream.write(chunk)
  }
  child.stdout.on("data", take(process.stdout))
  child.stderr.on("data", take(process.stderr))
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      output += `\n${command} did not end within ${timeout / 1000} s\n`
      end(child)
    }, timeout)
    const done = (ok: boolean) => {
      clearTimeout(timer)
      running.delete(child)
      resolve({ ok, output })
    }
    child.once("error", (error) => {
      output += `${error.message}\n`
      done(false)
    })
    child.once("close", (code) => done(code === 0))
  })
}

type Child = ReturnType<typeof spawn>
const running = new Set<Child>()

function end(child: Child): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL")
  } catch {
    // It ended by itself in between.
  }
}

// Ctrl-C reaches this process only, as the children have groups of their own.
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    for (const child of running) end(child)
    process.exit(130)
  })
}
