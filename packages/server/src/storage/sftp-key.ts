import { sign } from 'node:crypto'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import ssh2 from 'ssh2'
import type { UnsealAnswer, UnsealedKey, UnsealRequest } from './sftp-key.worker.ts'
import { StorageError } from './target.ts'

const problems = {
  passphrase: ['The passphrase of the private key is wrong', 'Enter the passphrase again.'],
  'passphrase-missing': ['The private key is sealed with a passphrase', 'Enter its passphrase.'],
  cipher: [
    'The private key is sealed with a cipher that cannot be read here',
    'Seal it anew: ssh-keygen -p -Z aes256-gcm@openssh.com -f KEYFILE. Keys sealed with chacha20-poly1305 are not supported.',
  ],
  format: ['The private key is not one that can be read', 'Give an OpenSSH, PEM or PKCS #8 private key of kind Ed25519, ECDSA or RSA.'],
} as const

/** The private key without its seal. Rejects with 'denied' and what is wrong; takes half a second, off the main thread. */
export async function unsealKey(request: UnsealRequest): Promise<UnsealedKey> {
  const worker = new Worker(new URL('./sftp-key.worker.ts', import.meta.url), { workerData: request })
  const [answer] = (await once(worker, 'message')) as [UnsealAnswer]
  await worker.terminate()
  if ('key' in answer) return answer.key
  const [message, remedy] = problems[answer.problem]
  throw new StorageError('denied', message, { remedy })
}

/** Signs for one key, as an agent would: so the client is given a key that is unsealed already, and one method alone. */
export class KeyAgent extends ssh2.BaseAgent {
  readonly #key: UnsealedKey

  constructor(key: UnsealedKey) {
    super()
    this.#key = key
  }

  override getIdentities(callback: (error: Error | undefined, keys?: never[]) => void): void {
    callback(undefined, [Buffer.from(this.#key.publicKey)] as never[])
  }

  override sign(_publicKey: unknown, data: Buffer, options: unknown, callback?: (error?: Error | null, signature?: Buffer) => void): void {
    const done = (typeof options === 'function' ? options : callback) as (error: Error | null, signature?: Buffer) => void
    const hash = typeof options === 'object' && options !== null ? (options as { hash?: string }).hash : undefined
    sign(hash ?? null, data, this.#key.pem, done)
  }
}
