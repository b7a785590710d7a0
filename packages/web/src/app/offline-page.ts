/**
 * Has the browser keep a page to show when the server can't be reached. Needs HTTPS or localhost, as browsers demand;
 * without it the browser's own error page shows instead.
 */
export function keepOfflinePage(): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return
  window.addEventListener('load', () => {
    // Only a comfort: nothing in the app depends on it.
    navigator.serviceWorker.register('/sw.js').catch(() => {})
  })
}
