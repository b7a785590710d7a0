import { barredByPage, blockedByCors, plainStorage } from './failures.ts'

const TOLD_WITHIN_MS = 200

/**
 * Browsers don't tell a page why a request to another origin failed. This asks the bucket for nothing in particular, which needs no
 * permission of its: an answer means that the line is fine and the bucket refuses this page.
 * @throws UploadError where the browser holds requests to `url` back. Resolves where the bucket can't be reached at all.
 */
export async function explainSilence(url: string): Promise<void> {
  const { origin, protocol } = new URL(url)
  if (protocol === 'http:' && globalThis.location?.protocol === 'https:') throw plainStorage()
  let barred = false
  const onViolation = () => {
    barred = true
  }
  const page: Document | undefined = globalThis.document
  page?.addEventListener('securitypolicyviolation', onViolation)
  const unsigned: RequestInit = { mode: 'no-cors', cache: 'no-store', credentials: 'omit', referrerPolicy: 'no-referrer' }
  const answers = await fetch(origin, { ...unsigned, signal: AbortSignal.timeout(5000) }).then(
    () => true,
    () => false,
  )
  // A violation is told a little after the request it stopped.
  if (!answers) await new Promise((resolve) => setTimeout(resolve, TOLD_WITHIN_MS))
  page?.removeEventListener('securitypolicyviolation', onViolation)
  if (barred) throw barredByPage()
  if (answers) throw blockedByCors()
}
