import { parseArgs } from 'node:util'
import { startHoldfast } from './holdfast.part.ts'
import { startSender } from './send.part.ts'
import type { Put } from './sender.part.ts'

// Peak memory and event-loop delay of the server while 8 files of 1 GB arrive at once: `node bench/memory.ts [--gb N]`.

const { values } = parseArgs({ options: { gb: { type: 'string' }, streams: { type: 'string' } } })
const SIZE = Math.round(Number(values.gb ?? 1) * 1e9)
const STREAMS = Number(values.streams ?? 8)
const MiB = 2 ** 20

await using holdfast = await startHoldfast(process.env.HOLDFAST_BENCH_DIR)
await using sender = startSender()
const headers = [`Authorization: Bearer ${holdfast.token}`, 'Content-Type: application/octet-stream']
const show = (bytes: number): string => `${Math.round(bytes / MiB)} MiB`
process.stdout.write(`Targets: peak ≤ 300 MB (286 MiB), event-loop delay p99 < 20 ms\n  at rest: peak ${show(holdfast.peakMemory())}\n`)

for (const partMiB of [64, 8]) {
  const sessions = await Promise.all(Array.from({ length: STREAMS }, () => holdfast.initiate(SIZE, partMiB * MiB)))
  const connections: Put[][] = sessions.map((session) =>
    Array.from({ length: session.partCount }, (_, index) => ({
      path: `/api/v1/upload-sessions/${session.id}/parts/${index + 1}`,
      headers,
      bytes: Math.min(session.partSize, SIZE - index * session.partSize),
    })),
  )
  holdfast.resetDelay()
  const seconds = await sender.send({ port: Number(holdfast.url.port), connections })
  const delay = await holdfast.delay()
  const rate = Math.round((STREAMS * SIZE) / 1e6 / seconds)
  process.stdout.write(
    `  ${STREAMS} uploads at once, parts of ${partMiB} MiB: ${rate} MB/s, peak ${show(holdfast.peakMemory())}, ` +
      `event-loop delay p50 ${delay.p50.toFixed(1)} p99 ${delay.p99.toFixed(1)} max ${delay.max.toFixed(0)} ms\n`,
  )
  for (const session of sessions) await holdfast.json('DELETE', `/upload-sessions/${session.id}`)
}
