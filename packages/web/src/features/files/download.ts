import type { File as StoredFile } from '@holdfast/api'
import { ApiProblem, type Client } from '@holdfast/client'

/**
 * Hands the download to the browser, which streams it to disk. Asks for the headers first, so that a refusal is told
 * in the page rather than saved as a broken file. @throws the SDK's problems.
 */
export async function startDownload(client: Client, file: Pick<StoredFile, 'id' | 'name'>): Promise<void> {
  await client.files.head(file.id)
  const link = document.createElement('a')
  link.href = client.files.contentUrl(file.id)
  link.download = file.name
  link.rel = 'noopener'
  document.body.append(link)
  link.click()
  link.remove()
}

const words: Readonly<Record<number, string>> = {
  403: 'Your role does not allow downloads. Ask an administrator.',
  404: 'The file is not there any more.',
  409: 'The file is not ready, or was found damaged. See its details.',
  410: 'The storage target of this file was removed. Make the same target again to get the file back.',
  503: 'The storage target does not answer. Try again; an administrator can run Test connection.',
}

/** A HEAD answer has no body to tell why, so its status has to. */
export const sayDownloadFault = (error: unknown): string | null =>
  error instanceof ApiProblem && error.code === 'UNEXPECTED_ANSWER' ? (words[error.status] ?? null) : null

/** Whether there is something to download: only bytes that were proven are handed out. */
export const isDownloadable = (file: Pick<StoredFile, 'status' | 'target'>): boolean => file.status === 'READY' && !file.target.removed
