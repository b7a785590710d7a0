import { UploadError } from './state.ts'

/** What ends an upload, in the words that people read. None of them names a signed URL. */
export const differentFile = (message: string) => new UploadError('different-file', message)
export const fileChanged = () =>
  new UploadError('file-changed', 'The file changed while it was being sent; choose it again', { retryable: true })
export const gone = () => new UploadError('upload-gone', 'The server no longer has this upload; start it again', { retryable: true })

const TEST_DIRECT = 'Test Direct shows it.'
const blocked = (message: string) => new UploadError('storage-blocked', `${message} ${TEST_DIRECT}`, { retryable: true })

/** The same about a file that an app stores: what shows the cause is the test of its target, of which Direct need not know. */
export function ofObject(error: UploadError): UploadError {
  if (error.code !== 'storage-blocked') return error
  const message = error.message.replace(TEST_DIRECT, 'Test connection of the storage target that serves Objects shows it.')
  return new UploadError(error.code, message, { retryable: error.retryable, cause: error })
}

export const blockedByCors = () =>
  blocked('The bucket answers, but refuses this page: its CORS rule must allow PUT from the address of this page.')
export const hiddenEtag = (inBrowser: boolean) =>
  blocked(
    inBrowser
      ? 'The bucket took a part but hides its ETag from this page: its CORS rule must list ETag under ExposeHeaders.'
      : 'The storage took a part without an ETag in its answer, so the upload could not be completed.',
  )
export const clocksDiffer = () =>
  blocked('The storage refuses the time in the signed requests: the clocks of the Holdfast server and of the storage differ.')
export const signatureRefused = (code: string) =>
  blocked(`The storage refuses the signed requests of this upload (${code}): the keys of the target may no longer be allowed to write.`)
export const plainStorage = () =>
  blocked(
    'The storage is reached without TLS, and browsers let no page that came over HTTPS send to it: the target needs an https address.',
  )
export const barredByPage = () =>
  blocked('The policy of this page (Content-Security-Policy, connect-src) does not let it send to the address of the storage.')
