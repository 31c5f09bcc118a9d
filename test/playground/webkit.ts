// MiniBrowser can be opened, but not driven: the page is handed on with a script that clicks and reports.
import { spawn } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** Opens `url` in MiniBrowser with `script` run in it; answers what the script posts to "/report". */
export async function driveWebKit(
  path: string,
  url: string,
  script: string,
  timeout: number,
): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  const timer = setTimeout(() => reject(new Error("MiniBrowser has not reported in time.")), timeout)
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    if (request.url === "/drive.js") response.setHeader("content-type", "text/javascript").end(script)
    else if (request.url === "/report") {
      response.end()
      resolve(JSON.parse(body.toString()))
    } else {
      const type = request.headers["content-type"]
      const answer = await fetch(new URL(request.url ?? "/", url), {
        method: request.method ?? "GET",
        ...(type && { headers: { "content-type": type } }),
        ...(body.length > 0 && { body }),
      })
      const got = Buffer.from(await answer.arrayBuffer())
      const kind = answer.headers.get("content-type") ?? ""
      response.writeHead(answer.status, { "content-type": kind })
      const drive = '<script type="module" src="/drive.js"></script></body>'
      response.end(kind.startsWith("text/html") ? got.toString().replace("</body>", drive) : got)
    }
  })
  await new Promise<void>((done) => server.listen(0, "localhost", done))
  const { port } = server.address() as AddressInfo // It listens on TCP.
  const screen = await openScreen()
  const home = await mkdtemp(join(tmpdir(), "minibrowser-"))
  const browser = spawn(path, [`http://localhost:${port}/`], {
    stdio: "ignore",
    env: {
      ...process.env,
      DISPLAY: screen.name,
      HOME: home,
      XDG_DATA_HOME: join(home, "data"),
      XDG_CACHE_HOME: join(home, "cache"),
      XDG_CONFIG_HOME: join(home, "config"),
      NO_AT_BRIDGE: "1",
      GIO_USE_VFS: "local",
    },
  })
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    const gone = new Promise((done) => browser.once("exit", done))
    browser.kill()
    await gone
    screen.close()
    server.closeAllConnections()
    server.close()
    await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
}

/** The screen there is, or one of Xvfb. */
async function openScreen(): Promise<{ name: string; close(): void }> {
  const name = process.env["DISPLAY"]
  if (name) return { name, close() {} }
  const screen = spawn("Xvfb", ["-displayfd", "3", "-screen", "0", "1280x900x24", "-nolisten", "tcp"], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  })
  const number = await new Promise<string>((resolve, reject) => {
    let said = ""
    screen.stdio[3]?.on("data", (data) => {
      said += data
      if (said.endsWith("\n")) resolve(said.trim())
    })
    screen.once("error", reject)
  })
  return { name: `:${number}`, close: () => void screen.kill() }
}
