// Shows a page of Holdfast's own when the server cannot be reached. It caches that one page with its script and nothing else:
// the app itself always comes from the server, so there is nothing here that could go stale.
const cacheName = 'holdfast-offline-1'
const offlinePage = '/offline.html'
const offlineScript = '/offline.js'

self.addEventListener('install', (event) => {
  const keep = async () => {
    const cache = await caches.open(cacheName)
    await cache.addAll([offlinePage, offlineScript].map((path) => new Request(path, { cache: 'reload' })))
    await self.skipWaiting()
  }
  event.waitUntil(keep())
})

self.addEventListener('activate', (event) => {
  const takeOver = async () => {
    for (const name of await caches.keys()) if (name !== cacheName) await caches.delete(name)
    await self.clients.claim()
  }
  event.waitUntil(takeOver())
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  const { pathname } = new URL(request.url)
  const stands = pathname === offlineScript ? offlineScript : request.mode === 'navigate' ? offlinePage : null
  if (stands === null || pathname.startsWith('/api/')) return
  event.respondWith(fetch(request).catch(async () => (await caches.match(stands)) ?? Response.error()))
})
