import { test } from "vitest"
import { search } from "./search.ts"

test(
  "no law is broken in any of 10,000 schedules of verbs, loads, delays, faults and chaos",
  {
    timeout: 3_600_000,
  },
  () => search(10_000),
)
