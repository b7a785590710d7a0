import { execFileSync } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, open, rm, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../packages/server/src/core/clock.ts'
import { openLocalTarget } from '../packages/server/src/storage/local.ts'
import type { PartReceipt, StorageTarget } from '../packages/server/src/storage/target.ts'

// The local driver against `dd` and plain file calls: `node bench/local-driver.ts [GiB] [rounds]`. Variants run in turn, round by
// round; ratios are taken within a round. Parts are shaped as the ingest shapes them: 8 MiB, a container header in front of the first.

const [gib = '2', rounds = '3'] = process.argv.slice(2)
const PART = 8 * 1024 * 1024
const HEADER = 74
const SIZE = Math.round(Number(gib) * 2 ** 30)
const TOTAL = SIZE + HEADER
const noise = randomFillSync(new Uint8Array(PART + HEADER))

type Variant = { name: string; run: (folder: string) => Promise<void> }

async function* parts(): AsyncGenerator<{ number: number; offset: number; length: number }> {
  for (let offset = 0, number = 1; offset < TOTAL; number += 1) {
    const length = Math.min(number === 1 ? PART + HEADER : PART, TOTAL - offset)
    yield { number, offset, length }
    offset += length
  }
}

/** One write of the driver; `take` gives the memory that a part is filled into, as the ingest fills it. */
async function writeThrough(target: StorageTarget, mode: 'zero-copy' | 'own memory'): Promise<void> {
  const write = await target.beginWrite('bench/object', TOTAL)
  const receipts: PartReceipt[] = []
  for await (const { number, offset, length } of parts()) {
    if (mode === 'own memory') {
      receipts.push(await target.writePart('bench/object', write, { number, offset, bytes: noise.subarray(0, length) }))
      continue
    }
    using buffer = target.memory!.take(offset, length)
    receipts.push(await target.writePart('bench/object', write, { number, offset, bytes: buffer.bytes }))
  }
  await target.flushWrite('bench/object', write)
  await target.commitWrite('bench/object', write, receipts)
}

const driver = (name: string, mode: 'zero-copy' | 'own memory', direct: boolean): Variant => ({
  name,
  async run(folder) {
    await using target = await openLocalTarget({ path: folder, clock: systemClock, names: 'exact', direct })
    await writeThrough(target, mode)
    await target.delete('bench/object')
  },
})

const writers: Variant[] = [
  {
    name: 'dd bs=8M oflag=direct conv=fdatasync',
    async run(folder) {
      execFileSync('dd', [
        'if=/dev/zero',
        `of=${folder}/dd`,
        'bs=8M',
        `count=${SIZE / PART}`,
        'oflag=direct',
        'conv=fdatasync',
        'status=none',
      ])
      await unlink(`${folder}/dd`)
    },
  },
  {
    name: 'Node, page cache, fsync at the end',
    async run(folder) {
      const handle = await open(`${folder}/plain`, 'wx')
      for await (const { length } of parts()) await handle.write(noise, 0, length)
      await handle.sync()
      await handle.close()
      await unlink(`${folder}/plain`)
    },
  },
  driver('local driver, its memory (O_DIRECT, no copy)', 'zero-copy', true),
  driver('local driver, other memory (O_DIRECT, one copy)', 'own memory', true),
  driver('local driver, page cache with write-behind', 'own memory', false),
]

const reader = (name: string, run: Variant['run']): Variant => ({ name, run })
const readWhole = (piece: number, ring: number) => async (folder: string) => {
  await using target = await openLocalTarget({ path: folder, clock: systemClock, names: 'exact' })
  const buffers = Array.from({ length: ring }, () => new Uint8Array(piece))
  for (let offset = 0, i = 0; offset < TOTAL; offset += piece, i += 1) {
    const into = buffers[i % Math.max(1, ring)]
    await target.read('read', offset, Math.min(piece, TOTAL - offset), into ? { into } : {})
  }
}
const readers: Variant[] = [
  reader('dd bs=8M from the page cache', async (folder) => {
    execFileSync('dd', [`if=${folder}/read`, 'of=/dev/null', 'bs=8M', 'status=none'])
  }),
  reader('Node createReadStream, 1 MiB', async (folder) => {
    for await (const chunk of createReadStream(`${folder}/read`, { highWaterMark: 1 << 20 })) void chunk
  }),
  reader('local driver, 1 MiB, fresh buffers', readWhole(1 << 20, 0)),
  reader('local driver, 1 MiB, ring of 4', readWhole(1 << 20, 4)),
  reader('local driver, 8 MiB, ring of 4', readWhole(PART, 4)),
]

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

async function compare(title: string, folder: string, variants: Variant[]): Promise<void> {
  const seconds = variants.map((): number[] => [])
  for (let round = 0; round < Number(rounds); round += 1) {
    for (const [i, variant] of variants.entries()) {
      const startedAt = performance.now()
      await variant.run(folder)
      seconds[i]!.push((performance.now() - startedAt) / 1000)
    }
  }
  console.log(`${title}: ${gib} GiB, ${rounds} rounds`)
  for (const [i, { name }] of variants.entries()) {
    const ratio = median(seconds[i]!.map((value, round) => seconds[0]![round]! / value))
    console.log(`  ${name.padEnd(50)} ${(SIZE / 1e6 / median(seconds[i]!)).toFixed(0).padStart(6)} MB/s  ${ratio.toFixed(2)}`)
  }
}

const folder = await mkdtemp(join(process.env.HOLDFAST_BENCH_DIR ?? tmpdir(), 'holdfast-bench-'))
try {
  await compare('write', folder, writers)
  {
    await using target = await openLocalTarget({ path: folder, clock: systemClock, names: 'exact', direct: false })
    await writeThrough(target, 'own memory')
    execFileSync('mv', [`${folder}/bench/object`, `${folder}/read`])
  }
  await compare('read', folder, readers)
} finally {
  await rm(folder, { recursive: true })
}
