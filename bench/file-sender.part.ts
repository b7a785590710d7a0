import { createReadStream } from 'node:fs'
import { Upload } from 'tus-js-client'
import { createClient, startUpload } from '../packages/client/src/index.ts'
import { fileSource } from '../packages/client/src/node/index.ts'

/** One file to be sent by a client library: to a tus server in chunks, or to Holdfast. */
export type FileErrand =
  | { readonly kind: 'tus'; readonly path: string; readonly endpoint: string; readonly chunkBytes: number }
  | { readonly kind: 'holdfast'; readonly path: string; readonly baseUrl: string; readonly token: string; readonly caseId: string }
export type FileSent = { readonly seconds: number; readonly id: string } | { readonly error: string }

/** Resolves with the URL of the upload. */
function sendByTus({ path, endpoint, chunkBytes }: Extract<FileErrand, { kind: 'tus' }>): Promise<string> {
  return new Promise((resolve, reject) => {
    const upload = new Upload(createReadStream(path), {
      endpoint,
      chunkSize: chunkBytes,
      onSuccess: () => resolve(upload.url ?? ''),
      onError: reject,
    })
    upload.start()
  })
}

/** Resolves with the id of the file once the server has all of it. */
async function sendToHoldfast({ path, baseUrl, token, caseId }: Extract<FileErrand, { kind: 'holdfast' }>): Promise<string> {
  const client = createClient({ baseUrl, token })
  await using source = await fileSource(path)
  const run = startUpload({ client, source, destination: { caseId }, untilReady: false })
  const final = await run.done
  if (final.phase === 'error') throw final.error
  if (final.phase !== 'verifying') throw new Error(final.phase)
  return final.file.id
}

process.on('message', (errand: FileErrand) => {
  const began = performance.now()
  const sent = errand.kind === 'tus' ? sendByTus(errand) : sendToHoldfast(errand)
  sent.then(
    (id) => process.send?.({ seconds: (performance.now() - began) / 1000, id } satisfies FileSent),
    (error: Error) => process.send?.({ error: error.message } satisfies FileSent),
  )
})
