import { randomFillSync } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { BenchServer } from './holdfast.part.ts'
import { startSender } from './send.part.ts'
import type { Put } from './sender.part.ts'

const MiB = 2 ** 20

/** A file of `size` bytes in Encrypted Storage, proven and ready for download; answers its id. */
export async function storeSealed(holdfast: BenchServer, size: number): Promise<string> {
  await using sender = startSender()
  const session = await holdfast.initiate(size, 64 * MiB)
  const headers = [`Authorization: Bearer ${holdfast.token}`, 'Content-Type: application/octet-stream']
  const puts: Put[] = [{ path: `/api/v1/upload-sessions/${session.id}/content`, headers, bytes: size }]
  await sender.send({ port: Number(holdfast.url.port), connections: [puts] })
  const file = await holdfast.complete(session)
  await holdfast.untilReady(file.id)
  return file.id
}

/** A plain file of noise. */
export async function writePlain(path: string, size: number): Promise<void> {
  const noise = randomFillSync(Buffer.alloc(MiB))
  const file = await open(path, 'wx')
  for (let at = 0; at < size; at += MiB) await file.write(noise, 0, Math.min(MiB, size - at))
  await file.close()
}
