import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type BenchServer, startHoldfast } from './holdfast.part.ts'
import { type Nginx, startNginx } from './nginx.part.ts'
import { compare, type Variant } from './rounds.part.ts'
import { type Sender, startSender } from './send.part.ts'
import type { Put } from './sender.part.ts'

// Sealed ingest over HTTP, end to end and durable, against nginx's DAV PUT of the same bytes, plain and without fsync:
// `node bench/ingest.ts [--gib N] [--rounds N]`. One client process sends from memory over bare sockets to both.

const { values } = parseArgs({ options: { gib: { type: 'string' }, rounds: { type: 'string' } } })
const SIZE = Math.round(Number(values.gib ?? 2) * 2 ** 30)
const ROUNDS = Number(values.rounds ?? 5)
const MiB = 2 ** 20
const STREAMS = 4

type Bench = { readonly holdfast: BenchServer; readonly nginx: Nginx; readonly sender: Sender }

const headers = ({ holdfast }: Bench): string[] => [`Authorization: Bearer ${holdfast.token}`, 'Content-Type: application/octet-stream']
const toHoldfast = ({ holdfast, sender }: Bench, connections: readonly (readonly Put[])[]): Promise<number> =>
  sender.send({ port: Number(holdfast.url.port), connections })

const plain = (bench: Bench, streams: number): Variant => ({
  name: `nginx DAV PUT, plain, no fsync, ${streams === 1 ? 'one stream' : `${streams} streams`}`,
  async run() {
    const bytes = Math.floor(SIZE / streams)
    const connections = Array.from({ length: streams }, (_, n) => [{ path: `/${n}`, headers: [], bytes }])
    const seconds = await bench.sender.send({ port: Number(bench.nginx.url.port), connections })
    for (let n = 0; n < streams; n += 1) await rm(join(bench.nginx.root, String(n)))
    return seconds
  },
})

/** `streams` files at once, each as one body. */
const oneBody = (bench: Bench, streams: number): Variant => ({
  name: `sealed, one PUT, ${streams === 1 ? 'one stream' : `${streams} streams`}`,
  async run() {
    const bytes = Math.floor(SIZE / streams)
    const sessions = await Promise.all(Array.from({ length: streams }, () => bench.holdfast.initiate(bytes, 64 * MiB)))
    const connections = sessions.map((session) => [
      { path: `/api/v1/upload-sessions/${session.id}/content`, headers: headers(bench), bytes },
    ])
    const seconds = await toHoldfast(bench, connections)
    for (const session of sessions) await bench.holdfast.json('DELETE', `/upload-sessions/${session.id}`)
    return seconds
  },
})

/** One file by parts, over three connections as the client does it: the next part flows while one becomes durable. */
const byParts = (bench: Bench, partMiB: number, connectionCount = 3): Variant => ({
  name: `sealed, parts of ${partMiB} MiB over ${connectionCount} connections`,
  async run() {
    const session = await bench.holdfast.initiate(SIZE, partMiB * MiB)
    const connections: Put[][] = Array.from({ length: connectionCount }, () => [])
    for (let number = 1; number <= session.partCount; number += 1) {
      const bytes = Math.min(session.partSize, SIZE - (number - 1) * session.partSize)
      const path = `/api/v1/upload-sessions/${session.id}/parts/${number}`
      connections[(number - 1) % connectionCount]!.push({ path, headers: headers(bench), bytes })
    }
    const seconds = await toHoldfast(bench, connections)
    await bench.holdfast.json('DELETE', `/upload-sessions/${session.id}`)
    return seconds
  },
})

await using nginx = await startNginx(process.env.HOLDFAST_BENCH_DIR)
await using holdfast = await startHoldfast(process.env.HOLDFAST_BENCH_DIR)
await using sender = startSender()
const bench: Bench = { holdfast, nginx, sender }
const options = { rounds: ROUNDS, bytes: SIZE }
process.stdout.write(
  'Targets: one PUT ≥ 1.0 × nginx; parts of 8 MiB ≥ 0.90 of one PUT; four streams ≥ 0.80 of a C program (about 0.67 × nginx)\n',
)
await compare('One stream', [plain(bench, 1), oneBody(bench, 1)], options)
await compare('By parts, to one PUT', [oneBody(bench, 1), byParts(bench, 8), byParts(bench, 64)], options)
await compare('Four streams', [plain(bench, STREAMS), oneBody(bench, STREAMS)], options)
