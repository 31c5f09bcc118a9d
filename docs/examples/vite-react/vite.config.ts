import type { IncomingMessage, ServerResponse } from "node:http"
import { defineConfig, type Plugin } from "vite"

/** A server that stands in for yours. */
function articles(_: IncomingMessage, response: ServerResponse): void {
  const titles = ["Caches, and how to name them", "Stale is a taste", "The network was here a moment ago"]
  const published = (at: number) => new Date(Date.UTC(2026, 6, 1 + at)).toISOString()
  response.setHeader("content-type", "application/json")
  response.end(JSON.stringify(titles.map((title, at) => ({ title, published: published(at) }))))
}

const api: Plugin = {
  name: "api",
  configureServer: ({ middlewares }) => void middlewares.use("/api/articles", articles),
  configurePreviewServer: ({ middlewares }) => void middlewares.use("/api/articles", articles),
}

/** Writes the names of the page's files to shell.json, for src/shell.ts. */
const shell: Plugin = {
  name: "shell",
  enforce: "post",
  generateBundle(_, files) {
    const parts = Object.keys(files).filter((name) => !name.endsWith(".html"))
    const source = JSON.stringify(["/", ...parts.map((name) => `/${name}`)])
    this.emitFile({ type: "asset", fileName: "shell.json", source })
  },
}

export default defineConfig({
  plugins: [api, shell],
  oxc: { jsx: { runtime: "automatic" } },
  build: {
    rolldownOptions: {
      // "use client" means nothing in a page that no server renders.
      onwarn: (warning, warn) => void (warning.code === "MODULE_LEVEL_DIRECTIVE" || warn(warning)),
    },
  },
})
