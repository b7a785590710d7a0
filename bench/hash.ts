import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import type { File, Sync, Target } from '@holdfast/api'
import { startS3 } from '../test/servers/s3.ts'
import { startHoldfast } from './holdfast.part.ts'
import { compare } from './rounds.part.ts'
import { writePlain } from './stored.part.ts'

// A hash task that reads a direct file from versitygw, against `openssl dgst -sha256` on the same file of the same disk:
// `node bench/hash.ts [--gib N] [--rounds N]`.

const { values } = parseArgs({ options: { gib: { type: 'string' }, rounds: { type: 'string' } } })
const SIZE = Math.round(Number(values.gib ?? 2) * 2 ** 30)
const ROUNDS = Number(values.rounds ?? 5)

const s3 = await startS3('versitygw')
await using holdfast = await startHoldfast(process.env.HOLDFAST_BENCH_DIR, { HOLDFAST_ALLOW_LOCAL_TARGETS: '1' })
const { endpoint, region, accessKeyId, secretAccessKey } = s3
const admin = new S3Client({ endpoint, region, credentials: { accessKeyId, secretAccessKey }, forcePathStyle: true })
try {
  await admin.send(new CreateBucketCommand({ Bucket: 'bench' }))
  const fields = { kind: 's3', place: { endpoint, region, bucket: 'bench' }, credentials: { accessKeyId, secretAccessKey } }
  const target = await holdfast.json<Target>('POST', '/targets', { ...fields, name: 'Bucket' })
  await holdfast.json('PUT', '/roles/direct', { targetId: target.id })
  const { tenant } = await holdfast.json<{ tenant: { id: string } }>('GET', '/me')
  const scope = join(s3.folder, 'data', 'bench', 'direct', tenant.id, 'BENCH-1')
  spawnSync('mkdir', ['-p', scope])
  const path = join(scope, 'image.dd')
  await writePlain(path, SIZE)
  let sync = await holdfast.json<Sync>('POST', `/cases/${holdfast.caseId}/syncs`, { mode: 'apply' })
  while (sync.status === 'running') sync = await holdfast.json<Sync>('GET', `/syncs/${sync.id}`)
  const [file] = (await holdfast.json<{ items: File[] }>('GET', `/files?caseId=${holdfast.caseId}&tier=direct`)).items
  if (!file) throw new Error(`Sync found nothing: ${JSON.stringify(sync)}`)
  const task = async (): Promise<number> => {
    const began = performance.now()
    const { verifiedAt } = await holdfast.json<File>('GET', `/files/${file.id}`)
    await holdfast.json('POST', `/files/${file.id}/verify`, {})
    for (;;) {
      const now = await holdfast.json<File>('GET', `/files/${file.id}`)
      if (now.verifiedAt !== verifiedAt && now.hashState === 'computed') return (performance.now() - began) / 1000
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  const openssl = async (): Promise<number> => {
    const began = performance.now()
    if (spawnSync('openssl', ['dgst', '-sha256', path]).status !== 0) throw new Error('openssl failed')
    return (performance.now() - began) / 1000
  }
  process.stdout.write('Target: ≥ 0.95 × openssl\n')
  await compare(
    'SHA-256 of a stored object',
    [
      { name: 'openssl dgst -sha256, from disk', run: openssl },
      { name: 'hash task, from versitygw', run: task },
    ],
    {
      rounds: ROUNDS,
      bytes: SIZE,
    },
  )
  process.stdout.write(`  peak memory of the server ${Math.round(holdfast.peakMemory() / 2 ** 20)} MiB\n`)
} finally {
  admin.destroy()
  await s3.stop()
}
