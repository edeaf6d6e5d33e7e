/**
 * Keeps the page itself in the browser, by a service worker. Calls newBuild
 * when the server has another build, with a function that changes over to it.
 * Returns a function that looks for one.
 */
export async function keepPage(newBuild: (change: () => void) => void): Promise<() => void> {
  // There are no service workers on plain http, except from this machine.
  if (!("serviceWorker" in navigator) || import.meta.env.DEV) return () => {}
  const registration = await navigator.serviceWorker.register("sw.js", { updateViaCache: "none" })

  const offer = (worker: ServiceWorker) => {
    if (!navigator.serviceWorker.controller) return // the first one isn't new
    newBuild(() => {
      navigator.serviceWorker.addEventListener("controllerchange", () => location.reload())
      worker.postMessage("activate")
    })
  }
  const follow = (worker: ServiceWorker) =>
    worker.addEventListener("statechange", () => worker.state === "installed" && offer(worker))

  if (registration.waiting) offer(registration.waiting)
  if (registration.installing) follow(registration.installing)
  registration.addEventListener("updatefound", () => registration.installing && follow(registration.installing))
  return () => void registration.update().catch(() => {}) // offline: next time
}
