import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startHoldfast } from './holdfast.part.ts'
import { startNginx } from './nginx.part.ts'
import { startReceiver } from './receive.part.ts'
import { compare } from './rounds.part.ts'
import { storeSealed, writePlain } from './stored.part.ts'

// 4 KiB at the end of a file of 4 GB: `node bench/range.ts [--gib N] [--rounds N]`. Each answer of Holdfast opens a segment and is in the log,
// durably, before its first byte flows; the plain servers do neither.

const { values } = parseArgs({ options: { gib: { type: 'string' }, rounds: { type: 'string' } } })
const SIZE = Math.floor(Number(values.gib ?? 3.9) * 2 ** 30)
const ROUNDS = Number(values.rounds ?? 5)
const LENGTH = 4096
const TIMES = 500
const range = `Range: bytes=${SIZE - LENGTH}-${SIZE - 1}`

await using nginx = await startNginx(process.env.HOLDFAST_BENCH_DIR)
await using holdfast = await startHoldfast(process.env.HOLDFAST_BENCH_DIR)
await using receiver = startReceiver()
const plainFile = join(nginx.root, 'plain')
await writePlain(plainFile, SIZE)
const bare = fork(join(import.meta.dirname, 'plain-server.part.ts'), [plainFile])
const [{ port }] = (await once(bare, 'message')) as [{ port: number }]
const fileId = await storeSealed(holdfast, SIZE)

const ask = (name: string, at: { port: number; path: string; headers: readonly string[] }) => ({
  name,
  run: () => {
    const get = { path: at.path, headers: [...at.headers, range], status: 206, bytes: LENGTH }
    return receiver.receive({ port: at.port, connections: [get], times: TIMES })
  },
})
process.stdout.write('Target: at least half of the rate of a bare Node server on the plain file\n')
try {
  await compare(
    '4 KiB at the end, one connection',
    [
      ask('bare Node, plain file', { port, path: '/', headers: [] }),
      ask('nginx, plain file', { port: Number(nginx.url.port), path: '/plain', headers: [] }),
      ask('sealed, authenticated, in the log', {
        port: Number(holdfast.url.port),
        path: `/api/v1/files/${fileId}/content`,
        headers: [`Authorization: Bearer ${holdfast.token}`],
      }),
    ],
    { rounds: ROUNDS, bytes: 0, runs: TIMES },
  )
} finally {
  bare.kill()
}
