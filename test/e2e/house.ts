import { createCipheriv, createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Environment, type ServerProcess, scratch, serve, succeed } from '../../packages/cli/test/command.ts'
import { freePort } from '../servers/ports.ts'
import { type Line, startLine } from './line.ts'

export const admin = { name: 'Ada Lovelace', email: 'ada@example.org', password: 'correct horse battery' }

/** A data folder, the server on it, and the line that leads there. The address stays the same while the server is killed and started again. */
export interface House extends AsyncDisposable {
  readonly data: string
  readonly line: Line
  readonly origin: string
  /** Where the server said at its last start that the first administrator is made. */
  setupPath(): string
  at(name: string): string
  kill(): Promise<void>
  start(): Promise<void>
}

/** With `withAdmin` somebody can sign in at once; without, the first set-up is still to do. `env` is the server's. */
export async function openHouse(options: { withAdmin: boolean; env?: Environment }): Promise<House> {
  const folder = await scratch()
  const data = folder.at('data')
  await succeed(['init', '--data', data])
  if (options.withAdmin) await makeAdmin(data)
  const port = await freePort()
  const start = () => serve(data, { port: String(port), ...(options.env ? { env: options.env } : {}) })
  let server: ServerProcess = await start()
  const line = await startLine(() => port)
  return {
    data,
    line,
    origin: `http://localhost:${line.port}`,
    at: folder.at,
    setupPath() {
      if (server.setupPath === null) throw new Error('The server printed no link for the first set-up')
      return server.setupPath
    },
    kill: () => server.kill(),
    async start() {
      server = await start()
    },
    async [Symbol.asyncDispose]() {
      await line[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}

const makeAdmin = (data: string): Promise<string> =>
  succeed(['user', 'create', '--data', data, '--email', admin.email, '--name', admin.name, '--role', 'admin', '--password-stdin'], {
    input: `${admin.password}\n`,
  })

/** Words that can be looked for on the disk: every 64 KiB of a test file begins with them. */
export const marker = Buffer.from('PLAINTEXT OF THE EVIDENCE, NOT TO BE FOUND ON ANY DISK')

/** A file of `size` bytes that does not compress and repeats nothing but the marker; answers its SHA-256. */
export async function makeEvidence(path: string, size: number, seed: number): Promise<string> {
  const stream = createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16))
  const hash = createHash('sha256')
  const file = await open(path, 'w')
  const zeros = Buffer.alloc(65_536)
  for (let at = 0; at < size; at += zeros.length) {
    const piece = stream.update(zeros).subarray(0, Math.min(zeros.length, size - at))
    marker.copy(piece)
    hash.update(piece)
    await file.write(piece)
  }
  await file.close()
  return hash.digest('hex')
}

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return hash.digest('hex')
}

/** The files below `folder` that hold `words` anywhere. */
export async function filesHolding(folder: string, words: Buffer): Promise<string[]> {
  const found: string[] = []
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    let tail = Buffer.alloc(0)
    for await (const chunk of createReadStream(path, { highWaterMark: 4 << 20 })) {
      const window = Buffer.concat([tail, chunk as Buffer])
      if (window.includes(words)) {
        found.push(path)
        break
      }
      tail = window.subarray(-words.length)
    }
  }
  return found
}
