// Runs before the first paint, so that a dark page never flashes white. A file of its own, since the page's
// content security policy allows no inline scripts. The key is the one that Mantine's scheme manager writes.
;(() => {
  let chosen = null
  try {
    chosen = localStorage.getItem('mantine-color-scheme-value')
  } catch {
    // Storage may be blocked; the system's preference then decides.
  }
  const scheme = chosen === 'light' || chosen === 'dark' ? chosen : matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
  document.documentElement.setAttribute('data-mantine-color-scheme', scheme)
})()
