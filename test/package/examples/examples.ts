// The examples of docs/examples, installed as their READMEs say, and an origin for them to ask.
import { statSync } from "node:fs"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { join } from "node:path"
import { root, run } from "../../../tools/scripts/run.ts"

/** The folder of an example. */
export function folderOf(name: string): string {
  return join(root, "docs/examples", name)
}

/** Installs an example by a command of npm; one with a lockfile only if it does not stand as that says. */
export async function installExample(name: string, ...how: readonly string[]): Promise<void> {
  const cwd = folderOf(name)
  const at = (file: string) => statSync(join(cwd, file), { throwIfNoEntry: false })?.mtimeMs ?? 0
  const wanted = at("package-lock.json")
  if (wanted > 0 && at("node_modules/.package-lock.json") >= wanted) return
  const args = [...how, "--no-audit", "--no-fund", "--loglevel=error"]
  const { ok, output } = await run("npm", args, { cwd, quiet: true, timeout: 110_000 })
  if (!ok) throw new Error(output)
}

/** A server that counts what it is asked. */
export interface Origin {
  /** Ends with a slash. */
  readonly url: string
  /** The paths asked for, in order. */
  readonly asked: string[]
  /** How it answers; may be changed. */
  answer: (request: IncomingMessage, response: ServerResponse) => void
  close(): Promise<void>
}

/** Starts an origin on a free port, or on `port`. */
export async function startOrigin(answer: Origin["answer"], port = 0): Promise<Origin> {
  const asked: string[] = []
  const server: Server = createServer((request, response) => {
    asked.push(request.url ?? "")
    origin.answer(request, response)
  })
  const origin = {
    url: "",
    asked,
    answer,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve))
  const address = server.address()
  origin.url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/`
  return origin
}
