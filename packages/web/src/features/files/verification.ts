import type { File as StoredFile } from '@holdfast/api'
import type { Client } from '@holdfast/client'

export type Verdict = 'proven' | 'damaged' | 'still-running'

type Watch = {
  /** Resolves after a moment; the server is asked again then. */
  readonly pause: () => Promise<void>
  /** How often to ask before leaving the job to itself. */
  readonly patience: number
}

/**
 * Has a stored file read back and proven again, and waits for the verdict. A file that is being verified keeps its status;
 * only the time of its last proof, or the status of a file that did not pass, tells that it is done. @throws the SDK's problems.
 */
export async function verifyAgain(client: Pick<Client, 'files'>, file: StoredFile, watch: Watch): Promise<Verdict> {
  await client.files.verify(file.id)
  for (let asked = 0; asked < watch.patience; asked += 1) {
    await watch.pause()
    const now = await client.files.get(file.id)
    if (now.verifiedAt !== file.verifiedAt) return 'proven'
    if (now.status !== file.status) return 'damaged'
  }
  return 'still-running'
}
