import { createPrivateKey } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'
import ssh2 from 'ssh2'

// Unsealing a key takes its passphrase through bcrypt or PBKDF2, on purpose slowly: half a second that the server must not stand still.

export type UnsealRequest = { readonly privateKey: string; readonly passphrase: string | null }
export type UnsealedKey = { readonly pem: string; readonly publicKey: Uint8Array }
export type UnsealAnswer = { readonly key: UnsealedKey } | { readonly problem: 'passphrase' | 'passphrase-missing' | 'cipher' | 'format' }

/** RFC 4251 §5, string. */
function sshString(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/** PKCS #8, which ssh2 does not read: node:crypto does, and writes RSA and EC keys in the older forms that ssh2 knows. */
function unsealPkcs8({ privateKey, passphrase }: UnsealRequest): UnsealAnswer {
  const key = createPrivateKey({ key: privateKey, ...(passphrase === null ? {} : { passphrase }) })
  if (key.asymmetricKeyType === 'ed25519') {
    const raw = Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url')
    const publicKey = Buffer.concat([sshString(Buffer.from('ssh-ed25519')), sshString(raw)])
    return { key: { pem: key.export({ type: 'pkcs8', format: 'pem' }) as string, publicKey } }
  }
  const pem = key.export({ type: key.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'sec1', format: 'pem' } as never) as unknown as string
  return unsealSsh({ privateKey: pem, passphrase: null })
}

/** Whether an OpenSSH key is sealed with the one cipher of ssh-keygen that ssh2 does not know (PROTOCOL.key, ciphername). */
function isSealedWithChacha(privateKey: string): boolean {
  const body = privateKey.replace(/-----[^-]*-----|\s/g, '').slice(0, 120)
  return Buffer.from(body, 'base64').toString('latin1').includes('chacha20-poly1305')
}

function unsealSsh({ privateKey, passphrase }: UnsealRequest): UnsealAnswer {
  if (isSealedWithChacha(privateKey)) return { problem: 'cipher' }
  const parsed = ssh2.utils.parseKey(privateKey, passphrase ?? undefined)
  if (parsed instanceof Error) {
    if (/no passphrase given/i.test(parsed.message)) return { problem: 'passphrase-missing' }
    if (/integrity check failed|bad passphrase|bad decrypt|MAC mismatch/i.test(parsed.message)) return { problem: 'passphrase' }
    if (/unsupported cipher|unsupported encryption/i.test(parsed.message)) return { problem: 'cipher' }
    return { problem: 'format' }
  }
  const [key] = Array.isArray(parsed) ? parsed : [parsed]
  if (!key?.isPrivateKey()) return { problem: 'format' }
  return { key: { pem: key.getPrivatePEM(), publicKey: key.getPublicSSH() as Uint8Array } }
}

function unseal(request: UnsealRequest): UnsealAnswer {
  if (!/-----BEGIN (ENCRYPTED )?PRIVATE KEY-----/.test(request.privateKey)) return unsealSsh(request)
  try {
    return unsealPkcs8(request)
  } catch (error) {
    const code = (error as { code?: string }).code ?? ''
    if (code === 'ERR_MISSING_PASSPHRASE') return { problem: 'passphrase-missing' }
    return { problem: request.passphrase === null || /DECODER|UNSUPPORTED/.test(code) ? 'format' : 'passphrase' }
  }
}

parentPort?.postMessage(unseal(workerData as UnsealRequest))
