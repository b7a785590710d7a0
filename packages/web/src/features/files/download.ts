import type { File as StoredFile } from '@holdfast/api'
import { ApiProblem, type Client } from '@holdfast/client'
import { openUnseen, saveFrom } from '../../ui/start-download.ts'

type Wanted = Pick<StoredFile, 'id' | 'name' | 'tier'>

/**
 * Hands the download to the browser, which streams it to disk. Asks the server first, so that a refusal is told
 * in the page rather than saved as a broken file. @throws the SDK's problems.
 */
export async function startDownload(client: Client, file: Wanted): Promise<void> {
  if (file.tier === 'direct') return startDirectDownload(client, file)
  await client.files.head(file.id)
  saveFrom(client.files.contentUrl(file.id), file.name)
}

async function startDirectDownload(client: Client, file: Wanted): Promise<void> {
  const { url, delivery } = await client.direct.downloadUrl(file.id, { disposition: 'attachment' })
  if (delivery === 'presigned_get') openUnseen(url)
  else saveFrom(url, file.name)
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

type Held = Pick<StoredFile, 'status' | 'target' | 'tier' | 'hashState' | 'discovered' | 'missingSince'>

/**
 * Whether there is something to download. Of the secure tier only bytes that were proven are handed out; of the direct tier what has
 * a hash, and what others put there, which is discovered without one (D12).
 */
export function isDownloadable(file: Held): boolean {
  if (file.status !== 'READY' || file.target.removed) return false
  return file.tier !== 'direct' || (file.missingSince === null && (file.discovered || file.hashState !== 'none'))
}
