/**
 * Each storage driver against the standard client of its protocol, both ways, in the same run: 1 GB in pieces of 8 MiB, in turn,
 * medians of the ratios round by round. The servers are real ones on loopback.
 *   npm run bench -- drivers
 * HOLDFAST_BENCH_BYTES and HOLDFAST_BENCH_ROUNDS change size and rounds, HOLDFAST_BENCH_DRIVERS=smb,sftp,versitygw,minio,seaweedfs picks.
 */
import { randomFillSync } from 'node:crypto'
import { createReadStream, createWriteStream, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { CreateBucketCommand, GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { systemClock } from '../packages/server/src/core/clock.ts'
import { openS3Target } from '../packages/server/src/storage/s3.ts'
import { openSftpTarget } from '../packages/server/src/storage/sftp.ts'
import { parseHostKey } from '../packages/server/src/storage/sftp-link.ts'
import { openSmbTarget } from '../packages/server/src/storage/smb.ts'
import type { PartReceipt, StorageTarget } from '../packages/server/src/storage/target.ts'
import type { GoProgram } from '../test/servers/go-programs.ts'
import { startS3 } from '../test/servers/s3.ts'
import { startSamba } from '../test/servers/samba.ts'
import { startSshd } from '../test/servers/sshd.ts'

const MiB = 1024 * 1024
const size = Number(process.env.HOLDFAST_BENCH_BYTES ?? 1000 * MiB)
const rounds = Number(process.env.HOLDFAST_BENCH_ROUNDS ?? 5)
const PIECE = 8 * MiB
/** Pieces under way at once, as an upload and a download have them. */
const AT_ONCE = 2

type Peer = { readonly name: string; put(file: string): void | Promise<void>; get(into: string): void | Promise<void> }
type Setting = { readonly name: string; readonly target: StorageTarget; readonly peer: Peer; stop(): Promise<void> }

const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-drivers-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const plain = join(folder, 'plain')

function makeFile(): void {
  const file = openSync(plain, 'w')
  const piece = Buffer.alloc(PIECE)
  for (let offset = 0; offset < size; offset += PIECE) writeSync(file, randomFillSync(piece), 0, Math.min(PIECE, size - offset), offset)
}

/** Runs `work` over all pieces, AT_ONCE of them side by side. */
async function overPieces(work: (piece: { number: number; offset: number; length: number }) => Promise<void>): Promise<void> {
  let next = 0
  const runner = async () => {
    for (let offset = next; offset < size; offset = next) {
      next += PIECE
      await work({ number: offset / PIECE + 1, offset, length: Math.min(PIECE, size - offset) })
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, runner))
}

async function put(target: StorageTarget): Promise<void> {
  const file = await open(plain)
  const buffers = Array.from({ length: AT_ONCE }, () => Buffer.alloc(PIECE))
  const write = await target.beginWrite('bench/object', size)
  const receipts: PartReceipt[] = []
  await overPieces(async ({ number, offset, length }) => {
    const buffer = buffers.pop() ?? Buffer.alloc(PIECE)
    await file.read(buffer, 0, length, offset)
    receipts.push(await target.writePart('bench/object', write, { number, offset, bytes: buffer.subarray(0, length) }))
    buffers.push(buffer)
  })
  await target.flushWrite('bench/object', write)
  await target.commitWrite('bench/object', write, receipts)
  await file.close()
}

async function get(target: StorageTarget): Promise<void> {
  const file = await open(join(folder, 'back'), 'w')
  const buffers = Array.from({ length: AT_ONCE }, () => new Uint8Array(PIECE))
  await overPieces(async ({ offset, length }) => {
    const into = buffers.pop() ?? new Uint8Array(PIECE)
    await file.write(await target.read('bench/object', offset, length, { into }), 0, length, offset)
    buffers.push(into)
  })
  await file.close()
}

async function smb(): Promise<Setting> {
  const server = await startSamba('encryption-required')
  const run = (command: string) => {
    const { status, output } = server.smbclient(command)
    if (status !== 0) throw new Error(`smbclient failed: ${output}`)
  }
  const { host, port, share, user, password } = server
  const target = openSmbTarget({
    host,
    port,
    share,
    user,
    password,
    domain: '',
    folder: '',
    policy: { allowLocal: true },
    clock: systemClock,
  })
  return {
    name: 'smb',
    target,
    peer: { name: 'smbclient', put: (file) => run(`put ${file} peer.bin`), get: (into) => run(`get peer.bin ${into}`) },
    async stop() {
      await target[Symbol.asyncDispose]()
      await server.stop()
    },
  }
}

async function sftp(): Promise<Setting> {
  const server = await startSshd()
  const key = await server.key()
  // The one that the driver prefers; the program's own preference is a slower one.
  const cipher = 'aes256-gcm@openssh.com'
  const run = (command: string) => {
    const { status, output } = server.sftp(key, command, { cipher })
    if (status !== 0) throw new Error(`sftp failed: ${output}`)
  }
  const { host, port, user } = server
  const target = openSftpTarget({
    ...{ host, port, user, folder: server.folder, policy: { allowLocal: true }, clock: systemClock },
    credentials: { privateKey: key.privateKey },
    hostKey: parseHostKey(server.hostKey()),
  })
  return {
    name: 'sftp',
    target,
    peer: {
      name: 'sftp',
      put: (file) => run(`put -f ${file} ${server.folder}/peer.bin\n`),
      get: (into) => run(`get ${server.folder}/peer.bin ${into}\n`),
    },
    async stop() {
      await target[Symbol.asyncDispose]()
      await server.stop()
    },
  }
}

async function s3(name: GoProgram): Promise<Setting> {
  const server = await startS3(name)
  const { endpoint, region, accessKeyId, secretAccessKey } = server
  const access = { endpoint, region, credentials: { accessKeyId, secretAccessKey } }
  const client = new S3Client({
    ...access,
    forcePathStyle: true,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })
  const where = { Bucket: 'bench', Key: 'peer' }
  await client.send(new CreateBucketCommand({ Bucket: where.Bucket }))
  const target = openS3Target({ ...access, bucket: where.Bucket, policy: { allowLocal: true }, clock: systemClock })
  return {
    name: `s3 on ${name}`,
    target,
    peer: {
      name: 'Upload and GetObject of the SDK',
      async put(file) {
        const Body = createReadStream(file, { highWaterMark: PIECE })
        await new Upload({ client, params: { ...where, Body }, partSize: PIECE, queueSize: AT_ONCE }).done()
      },
      async get(into) {
        const { Body } = await client.send(new GetObjectCommand(where))
        await pipeline(Body as Readable, createWriteStream(into))
      },
    },
    async stop() {
      client.destroy()
      await target[Symbol.asyncDispose]()
      await server.stop()
    },
  }
}

const timed = async (work: () => Promise<void> | void): Promise<number> => {
  const startedAt = performance.now()
  await work()
  return size / MiB / ((performance.now() - startedAt) / 1000)
}
const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

async function measure({ name, target, peer }: Setting): Promise<void> {
  const ratios = { put: [] as number[], get: [] as number[] }
  const speeds = { put: [] as number[], get: [] as number[] }
  for (let round = 0; round < rounds; round += 1) {
    const theirs = { put: await timed(() => peer.put(plain)), get: 0 }
    speeds.put.push(await timed(() => put(target)))
    theirs.get = await timed(() => peer.get(join(folder, 'peer')))
    speeds.get.push(await timed(() => get(target)))
    ratios.put.push((speeds.put.at(-1) ?? 0) / theirs.put)
    ratios.get.push((speeds.get.at(-1) ?? 0) / theirs.get)
  }
  for (const way of ['put', 'get'] as const) {
    process.stdout.write(
      `${name} ${way}: ${median(speeds[way]).toFixed(0)} MiB/s, ${median(ratios[way]).toFixed(2)} × ${peer.name} (aim 1.00)\n`,
    )
  }
}

makeFile()
const servers = ['versitygw', 'minio', 'seaweedfs'] as const
const settings: Record<string, () => Promise<Setting>> = { smb, sftp, ...Object.fromEntries(servers.map((name) => [name, () => s3(name)])) }
const wanted = process.env.HOLDFAST_BENCH_DRIVERS?.split(',') ?? Object.keys(settings)
for (const start of wanted.flatMap((name) => settings[name] ?? [])) {
  const setting = await start()
  try {
    await measure(setting)
  } finally {
    await setting.stop()
  }
}
process.stdout.write(`peak memory of this process ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB\n`)
