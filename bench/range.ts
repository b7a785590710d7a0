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
// durably, before its first byte flows; the plain servers do neither. So the floor is a plain server that writes one row for each answer.

const { values } = parseArgs({ options: { gib: { type: 'string' }, rounds: { type: 'string' } } })
const SIZE = Math.floor(Number(values.gib ?? 3.9) * 2 ** 30)
const ROUNDS = Number(values.rounds ?? 5)
const LENGTH = 4096
const TIMES = 512
const AT_ONCE = 16
const range = `Range: bytes=${SIZE - LENGTH}-${SIZE - 1}`

await using nginx = await startNginx(process.env.HOLDFAST_BENCH_DIR)
await using holdfast = await startHoldfast(process.env.HOLDFAST_BENCH_DIR)
await using receiver = startReceiver()
const plainFile = join(nginx.root, 'plain')
await writePlain(plainFile, SIZE)
const startPlain = async (...more: string[]) => {
  const child = fork(join(import.meta.dirname, 'plain-server.part.ts'), [plainFile, ...more])
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  return { port, child }
}
const bare = await startPlain()
const logging = await startPlain(join(holdfast.dataDir, 'floor.sqlite'))
const fileId = await storeSealed(holdfast, SIZE)

const ask = (at: { port: number; path: string; headers: readonly string[] }, connections: number) => () => {
  const get = { path: at.path, headers: [...at.headers, range], status: 206, bytes: LENGTH }
  return receiver.receive({ port: at.port, connections: Array.from({ length: connections }, () => get), times: TIMES / connections })
}
const ours = {
  port: Number(holdfast.url.port),
  path: `/api/v1/files/${fileId}/content`,
  headers: [`Authorization: Bearer ${holdfast.token}`],
}
const variants = (connections: number) => [
  { name: 'bare Node, plain file', run: ask({ port: bare.port, path: '/', headers: [] }, connections) },
  { name: 'bare Node, plain file, a durable row each', run: ask({ port: logging.port, path: '/', headers: [] }, connections) },
  { name: 'nginx, plain file', run: ask({ port: Number(nginx.url.port), path: '/plain', headers: [] }, connections) },
  { name: 'sealed, authenticated, in the log', run: ask(ours, connections) },
]
process.stdout.write('Target: at least half of the rate of a bare Node server on the plain file\n')
try {
  await compare('4 KiB at the end, one connection', variants(1), { rounds: ROUNDS, bytes: 0, runs: TIMES })
  await compare(`4 KiB at the end, ${AT_ONCE} connections`, variants(AT_ONCE), { rounds: ROUNDS, bytes: 0, runs: TIMES })
} finally {
  bare.child.kill()
  logging.child.kill()
}
