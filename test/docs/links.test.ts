import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { expect, test } from "vitest"
import { root } from "../../tools/scripts/run.ts"
import { pages } from "./blocks.ts"

const papers = [...pages, "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"]
const proseOf = (file: string) => readFileSync(join(root, file), "utf8").replace(/^```[\s\S]*?^```$/gm, "")

/** The anchors of a page, as GitHub makes them of its headings. */
function anchorsOf(file: string): string[] {
  return [...proseOf(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  )
}

test.each(papers)("every link of %s leads to a file, and to a heading of it", (file) => {
  for (const [link, to = "", anchor] of proseOf(file).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)) {
    const target = to === "" ? file : join(dirname(file), to)
    expect(existsSync(join(root, target)), link).toBe(true)
    if (anchor !== undefined) expect(anchorsOf(target), link).toContain(anchor)
  }
})

test("every guide is linked from the README", () => {
  const guides = pages.filter((file) => file.startsWith("docs/"))
  for (const guide of guides) expect(proseOf("README.md")).toContain(`](${guide})`)
})
