/** Keeps the files of this page, so that it opens without a network. persister.ts keeps the data. */
export async function keepShell(): Promise<void> {
  if (!("serviceWorker" in navigator)) return
  await navigator.serviceWorker.register("/worker.js")
  const response = await fetch("/shell.json") // vite.config.ts writes it
  const parts: string[] = await response.json()
  const shell = await caches.open("shell")
  await shell.addAll(parts)
  // Deletes the files of an older build.
  for (const { url } of await shell.keys())
    if (!parts.includes(new URL(url).pathname)) await shell.delete(url)
  document.documentElement.dataset["shell"] = "kept"
}
