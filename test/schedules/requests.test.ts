import { beforeAll, test, vi } from "vitest"
import { withDeaths } from "./program.ts"
import { search } from "./search.ts"

// The first look tells where this runs.
beforeAll(() => void vi.stubGlobal("navigator", { userAgent: "Cloudflare-Workers" }))

test(
  "no law is broken on Workers in any of 5,000 schedules of requests, some of which die half-way",
  {
    timeout: 3_600_000,
  },
  () => search(5_000, withDeaths),
)
