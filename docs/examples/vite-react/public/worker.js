// The service worker: the network first; without one, the kept files of the page.
addEventListener("install", () => skipWaiting())
addEventListener("activate", (event) => event.waitUntil(clients.claim()))
addEventListener("fetch", (event) => {
  const { origin, pathname } = new URL(event.request.url)
  if (event.request.method !== "GET" || origin !== location.origin || pathname.startsWith("/api/")) return
  event.respondWith(fetch(event.request).catch(() => kept(event.request)))
})

async function kept(request) {
  const shell = await caches.open("shell")
  return (await shell.match(request, { ignoreSearch: true, ignoreVary: true })) ?? Response.error()
}
