import { expect, onTestFinished, test, vi } from "vitest"
import { greeting, remote } from "../../playground/page/remote.ts"

/** Answers every request with `answer`; tells what was asked. */
function worker(answer: unknown, status = 200): [url: string, body: string][] {
  const asked: [string, string][] = []
  vi.stubGlobal("fetch", async (url: string, { body }: { body: string }) => {
    asked.push([url, body])
    return Response.json(answer, { status })
  })
  onTestFinished(() => {
    vi.unstubAllGlobals()
  })
  return asked
}

test("a failing Worker does not greet: its error is shown", async () => {
  worker({ error: "no namespace CACHE" }, 400)
  await expect(greeting()).rejects.toThrow("no namespace CACHE")
  await expect(remote("/kv/").get("k")).rejects.toThrow("no namespace CACHE")
  worker({}, 500)
  await expect(greeting()).rejects.toThrow("500")
})

test("the routes of the Worker get the arguments of each method; for ever is null", async () => {
  const asked = worker({ result: "hello" })
  expect(await greeting()).toBe("hello")
  expect(await remote("/kv/").get("k")).toBe("hello")
  await remote("/kv/").set("k", "v", Infinity)
  expect(asked).toEqual([
    ["/kv/greeting", "[]"],
    ["/kv/get", '["k"]'],
    ["/kv/set", '["k","v",null]'],
  ])
})
