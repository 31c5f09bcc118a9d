/** Keeps what this page is made of, so that it opens without a network. The data are kept elsewhere: in persister.ts. */
export async function keepShell(): Promise<void> {
  if (!("serviceWorker" in navigator)) return
  await navigator.serviceWorker.register("/worker.js")
  const response = await fetch("/shell.json") // vite.config.ts writes it
  const parts: string[] = await response.json()
  const shell = await caches.open("shell")
  await shell.addAll(parts)
  // What an older build was made of may go now.
  for (const { url } of await shell.keys())
    if (!parts.includes(new URL(url).pathname)) await shell.delete(url)
  document.documentElement.dataset["shell"] = "kept"
}
