// The service worker keeps one build of the page, so that it opens without a
// network. The build fills in what that build is called and consists of.
const version = "0df69d6fb953b61a"
const files = ["assets/automerge-LjMxZKTS.wasm","assets/icon-oIstOmVT.svg","assets/index-CmmRVwhx.js","assets/index-aNDC-wT4.css","./"]

const cacheName = `godwit-editor-${version}`
const urls = new Set(files.map(file => new URL(file, self.registration.scope).href))

self.addEventListener("install", event => event.waitUntil(keep()))
self.addEventListener("activate", event => event.waitUntil(dropOthers()))

// A new build waits until all pages of the old one are closed, or one asks.
self.addEventListener("message", event => {
  if (event.data === "activate") self.skipWaiting()
})

self.addEventListener("fetch", event => {
  const url = event.request.url.replace(/[?#].*/, "")
  if (event.request.method === "GET" && urls.has(url)) event.respondWith(answer(url, event.request))
})

async function keep() {
  const cache = await caches.open(cacheName)
  // A file with a hash in its name never changes; others must be fresh.
  await cache.addAll([...urls].map(url => new Request(url, { cache: url.includes("/assets/") ? "default" : "reload" })))
}

async function dropOthers() {
  const names = await caches.keys()
  const old = names.filter(name => name.startsWith("godwit-editor-") && name !== cacheName)
  await Promise.all(old.map(name => caches.delete(name)))
}

async function answer(url, request) {
  const cache = await caches.open(cacheName)
  return (await cache.match(url)) ?? fetch(request)
}
