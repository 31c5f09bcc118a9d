import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { root } from "../../tools/scripts/run.ts"
import { blocksOf, pages } from "./blocks.ts"
import { openWorker } from "./worker.ts"

const workers = pages.flatMap(blocksOf).filter(({ language }) => language === "ts worker")

test.each(workers)(
  "the Worker in $file at line $line answers, by the wrangler.toml beside it",
  async (block) => {
    const { worker, binding } = await openWorker(block)
    try {
      const answers: string[] = []
      for (let round = 0; round < 3; round++) {
        const response = await worker.dispatchFetch("http://w/")
        expect(response.status).toBe(200)
        answers.push(await response.text())
      }
      expect(new Set(answers).size).toBe(1)
      const { keys } = await (await worker.getKVNamespace(binding)).list()
      expect(keys.length).toBeGreaterThan(0)
    } finally {
      await worker.dispose()
    }
  },
  30_000,
)

test("the README shows a Worker", () => {
  expect(workers.map(({ file }) => file)).toContain("README.md")
})

test("the commands exist", () => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
  const commands = blocksOf("README.md").flatMap(({ language, code }) =>
    language === "sh" ? [...code.matchAll(/npm (start|test|ci|install \w+)/g)].map((match) => match[1]) : [],
  )
  expect(commands).toContain("start")
  expect(commands).toContain("test")
  for (const command of ["start", "test"]) expect(scripts).toHaveProperty(command)
})
