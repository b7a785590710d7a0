import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { FileErrand, FileSent } from './file-sender.part.ts'
import { startHoldfast } from './holdfast.part.ts'
import { compare, type Variant } from './rounds.part.ts'
import { startSender } from './send.part.ts'
import { writePlain } from './stored.part.ts'

// Sealed and durable ingest against tus-js-client into @tus/server with its file store, which neither seals nor flushes:
// `node bench/tus.ts [--gib N] [--rounds N]`. The client libraries read the same file from the page cache.

const { values } = parseArgs({ options: { gib: { type: 'string' }, rounds: { type: 'string' } } })
const MiB = 2 ** 20
const SIZE = Math.round(Number(values.gib ?? 1) * 1024) * MiB
const ROUNDS = Number(values.rounds ?? 5)
const CHUNK_MIB = 8

const folder = await mkdtemp(join(process.env.HOLDFAST_BENCH_DIR ?? tmpdir(), 'tus-bench-'))
await mkdir(join(folder, 'files'))
const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const
const start = (name: string, args: string[] = []): ChildProcess => fork(join(import.meta.dirname, name), args, { stdio: [...stdio] })
await using resources = new AsyncDisposableStack()
resources.defer(() => rm(folder, { recursive: true, force: true }))
const keep = (child: ChildProcess): ChildProcess => {
  resources.defer(async () => {
    const exit = once(child, 'exit')
    child.kill()
    await exit
  })
  return child
}

const path = join(folder, 'plain')
await writePlain(path, SIZE)
const [{ port }] = (await once(keep(start('tus-server.part.ts', [join(folder, 'files')])), 'message')) as [{ port: number }]
const library = keep(start('file-sender.part.ts'))
const holdfast = resources.use(await startHoldfast(process.env.HOLDFAST_BENCH_DIR))
const sender = resources.use(startSender())

async function sendFile(errand: FileErrand): Promise<Extract<FileSent, { id: string }>> {
  library.send(errand)
  const [sent] = (await once(library, 'message')) as [FileSent]
  if ('error' in sent) throw new Error(sent.error)
  return sent
}

const byTus: Variant = {
  name: `tus-js-client into @tus/server, plain, chunks of ${CHUNK_MIB} MiB`,
  async run() {
    const sent = await sendFile({ kind: 'tus', path, endpoint: `http://127.0.0.1:${port}/files`, chunkBytes: CHUNK_MIB * MiB })
    await fetch(sent.id, { method: 'DELETE', headers: { 'tus-resumable': '1.0.0' } })
    return sent.seconds
  },
}
const { caseId, token, url } = holdfast
const byLibrary: Variant = {
  name: 'sealed, hashed on both sides, by the client library',
  async run() {
    const sent = await sendFile({ kind: 'holdfast', path, baseUrl: url.origin, token, caseId })
    await holdfast.untilReady(sent.id)
    await holdfast.remove(sent.id)
    return sent.seconds
  },
}
const byOnePut: Variant = {
  name: 'sealed, one PUT from memory',
  async run() {
    const session = await holdfast.initiate(SIZE, 64 * MiB)
    const headers = [`Authorization: Bearer ${token}`, 'Content-Type: application/octet-stream']
    const put = { path: `/api/v1/upload-sessions/${session.id}/content`, headers, bytes: SIZE }
    const seconds = await sender.send({ port: Number(url.port), connections: [[put]] })
    await holdfast.json('DELETE', `/upload-sessions/${session.id}`)
    return seconds
  },
}
process.stdout.write('Target: one stream ≥ 3.5 × tus-js-client into @tus/server\n')
await compare('One file', [byTus, byOnePut, byLibrary], { rounds: ROUNDS, bytes: SIZE })
