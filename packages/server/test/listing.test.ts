import assert from 'node:assert/strict'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { startSamba } from '../../../test/servers/samba.ts'
import { startSshd } from '../../../test/servers/sshd.ts'
import { systemClock } from '../src/core/clock.ts'
import { openLocalTarget } from '../src/storage/local.ts'
import { openS3Target } from '../src/storage/s3.ts'
import { openSftpTarget } from '../src/storage/sftp.ts'
import { parseHostKey } from '../src/storage/sftp-link.ts'
import { openSmbTarget } from '../src/storage/smb.ts'
import type { StorageTarget } from '../src/storage/target.ts'
import { s3World } from './s3-world.ts'

const FOLDERS = 100
const EACH = 1000
const ALL = FOLDERS * EACH
const places = { policy: { allowLocal: true }, clock: systemClock, folder: '' }

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Bytes that are in use after a collection. */
function inUse(): number {
  collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** The objects lie there as the server's own files: putting each through the driver would take minutes. */
function makeObjects(root: string): void {
  for (let folder = 0; folder < FOLDERS; folder += 1) {
    mkdirSync(join(root, `folder-${folder}`), { recursive: true })
    for (let object = 0; object < EACH; object += 1) closeSync(openSync(join(root, `folder-${folder}`, `object-${object}`), 'w'))
  }
}

/**
 * Every object is listed once, and of those that passed nothing is kept: all of them together are more than 15 MiB, and what the first half
 * leaves behind at least 7. The least of several looks counts, since in any one of them a page may be on its way.
 */
async function assertListed(target: StorageTarget): Promise<void> {
  const seen = new Uint8Array(ALL)
  const used: number[] = []
  let count = 0
  for await (const { key } of target.list('many/')) {
    const [, folder, object] = /^many\/folder-(\d+)\/object-(\d+)$/.exec(key) ?? []
    const index = Number(folder) * EACH + Number(object)
    assert.equal(seen[index], 0, `${key} is listed twice, or is none of them`)
    seen[index] = 1
    count += 1
    if (count % (ALL / 10) === 0) used.push(inUse())
  }
  assert.equal(count, ALL)
  const half = used.length / 2
  const growth = Math.min(...used.slice(half)) - Math.min(...used.slice(0, half))
  assert.ok(growth < 5 * 1024 * 1024, `memory grew by ${growth} bytes over the listing`)
}

describe('D13: 100,000 objects are listed in constant memory', () => {
  let outer: string
  let many: string
  before(async () => {
    outer = await mkdtemp(join(tmpdir(), 'holdfast-listing-'))
    many = join(outer, 'many')
    makeObjects(many)
  })
  after(() => rm(outer, { recursive: true, force: true }))

  /** Lends the one set of files to the server whose files lie in `folder`. */
  const lent = async (folder: string, work: () => Promise<void>): Promise<void> => {
    await rename(many, join(folder, 'many'))
    try {
      await work()
    } finally {
      await rename(join(folder, 'many'), many)
    }
  }

  test('D13: on a local disk', async () => {
    await using target = await openLocalTarget({ path: outer, clock: systemClock })
    await assertListed(target)
  })

  test('D13 T3: on versitygw', async () => {
    await using world = await s3World('versitygw')
    const bucket = await world.bucket()
    await using target = openS3Target(world.options(bucket))
    await lent(join(world.server.folder, 'data', bucket), () => assertListed(target))
  })

  test('D13 T4: on Samba', async () => {
    const server = await startSamba('encryption-required')
    try {
      await using target = openSmbTarget({ ...server, ...places, domain: '' })
      await lent(server.folder, () => assertListed(target))
    } finally {
      await server.stop()
    }
  })

  test('D13 T5: on OpenSSH', async () => {
    const server = await startSshd()
    try {
      const { privateKey } = await server.key()
      const { host, port, user, folder } = server
      const hostKey = parseHostKey(server.hostKey())
      await using target = openSftpTarget({ ...places, ...{ host, port, user, folder, hostKey }, credentials: { privateKey } })
      await lent(folder, () => assertListed(target))
    } finally {
      await server.stop()
    }
  })
})
