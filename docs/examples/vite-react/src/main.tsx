import { type Query, QueryClient } from "@tanstack/react-query"
import { PersistQueryClientProvider } from "@tanstack/react-query-persist-client"
import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { Articles } from "./articles.tsx"
import { persister } from "./persister.ts"
import { keepShell } from "./shell.ts"

const root = document.getElementById("root")
if (!root) throw new Error("There is no #root in index.html.")

const month = 30 * 24 * 60 * 60 * 1000
const client = new QueryClient({
  // Asks again at once; fails soon without a network. The persister decides what is kept, and how long.
  defaultOptions: { queries: { networkMode: "offlineFirst", staleTime: 0, gcTime: Infinity, retry: false } },
})

const persistOptions = {
  persister,
  maxAge: month,
  // A result is kept even if the next request fails.
  dehydrateOptions: { shouldDehydrateQuery: ({ state }: Query) => state.data !== undefined },
}

createRoot(root).render(
  <StrictMode>
    <PersistQueryClientProvider client={client} persistOptions={persistOptions}>
      <Articles />
    </PersistQueryClientProvider>
  </StrictMode>,
)

// In development Vite serves modules one by one: nothing to keep. Without a network this fails, and what was kept stays.
if (import.meta.env.PROD) addEventListener("load", () => keepShell().catch(() => {}))
