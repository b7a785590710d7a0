import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startHoldfast } from './holdfast.part.ts'
import { startNginx } from './nginx.part.ts'
import { startReceiver } from './receive.part.ts'
import { compare } from './rounds.part.ts'
import { storeSealed, writePlain } from './stored.part.ts'

// A sealed file opened while it is sent, against nginx sending the plain file by sendfile: `node bench/download.ts [--gib N] [--rounds N]`.

const { values } = parseArgs({ options: { gib: { type: 'string' }, rounds: { type: 'string' } } })
const SIZE = Math.round(Number(values.gib ?? 2) * 2 ** 30)
const ROUNDS = Number(values.rounds ?? 7)
const STREAMS = 4

await using nginx = await startNginx(process.env.HOLDFAST_BENCH_DIR)
await using holdfast = await startHoldfast(process.env.HOLDFAST_BENCH_DIR)
await using receiver = startReceiver()
await writePlain(join(nginx.root, 'plain'), SIZE)
const fileId = await storeSealed(holdfast, SIZE)

const plain = { path: '/plain', headers: [], status: 200, bytes: SIZE }
const sealed = { path: `/api/v1/files/${fileId}/content`, headers: [`Authorization: Bearer ${holdfast.token}`], status: 200, bytes: SIZE }
const fromNginx = (streams: number) => ({
  name: 'nginx sendfile, plain',
  run: () => receiver.receive({ port: Number(nginx.url.port), connections: Array.from({ length: streams }, () => plain), times: 1 }),
})
const fromHoldfast = (streams: number) => ({
  name: 'sealed, every byte authenticated',
  run: () => receiver.receive({ port: Number(holdfast.url.port), connections: Array.from({ length: streams }, () => sealed), times: 1 }),
})

process.stdout.write('Target: ≥ 1.0 × nginx\n')
await compare('One stream', [fromNginx(1), fromHoldfast(1)], { rounds: ROUNDS, bytes: SIZE })
await compare(`${STREAMS} streams`, [fromNginx(STREAMS), fromHoldfast(STREAMS)], { rounds: Math.ceil(ROUNDS / 2), bytes: STREAMS * SIZE })
process.stdout.write(`  peak memory of the server ${Math.round(holdfast.peakMemory() / 2 ** 20)} MiB\n`)
