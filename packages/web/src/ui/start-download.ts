/** A link of this server: browsers save what it leads to and stay where they are. */
export function saveFrom(url: string, name: string): void {
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.rel = 'noopener'
  document.body.append(link)
  link.click()
  link.remove()
}

/** Longer than a bucket takes to answer; by then the browser has the download for itself. */
const frameLife = 120_000

/**
 * A signed address of the bucket is opened in a frame that nobody sees: it enters no history, leaves the page with its uploads
 * alone, and an answer that is no download runs nothing.
 */
export function openUnseen(url: string): void {
  const frame = document.createElement('iframe')
  frame.hidden = true
  frame.title = 'Download'
  frame.referrerPolicy = 'no-referrer'
  frame.setAttribute('sandbox', 'allow-downloads')
  frame.src = url
  document.body.append(frame)
  setTimeout(() => frame.remove(), frameLife)
}
