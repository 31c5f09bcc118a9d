// The laws in a page that the desk serves.
import { run } from "./cells.ts"

await run({ desk: location.origin })
