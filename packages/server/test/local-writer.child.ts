import { systemClock } from '../src/core/clock.ts'
import { openLocalTarget } from '../src/storage/local.ts'

// Writes objects of one repeated byte into the folder of argv[2] until it is killed.

const target = await openLocalTarget({ path: process.argv[2] ?? '', clock: systemClock })
console.log('writing')
const put = async (lane: number): Promise<never> => {
  for (let i = 1; ; i += 1) await target.put(`small/${lane}`, new Uint8Array(5_000).fill((i % 255) + 1))
}
const write = async (lane: number): Promise<never> => {
  for (let i = 1; ; i += 1) {
    const [key, bytes] = [`big/${lane}`, new Uint8Array(1_000_000).fill((i % 255) + 1)]
    const id = await target.beginWrite(key, 3_000_000)
    const receipts = []
    for (const index of [2, 0, 1]) receipts.push(await target.writePart(key, id, { number: index + 1, offset: index * 1_000_000, bytes }))
    await target.commitWrite(key, id, receipts)
  }
}
await Promise.all([put(1), put(2), write(1), write(2)])
