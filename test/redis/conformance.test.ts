import { suite } from "../conformance/suite.ts"
import { withRedis } from "./setup.ts"

withRedis("conformance", (setup) => {
  suite("upstash over a real Redis", ["shared", "persistent"], () => ({ open: () => setup.open() }))
})
