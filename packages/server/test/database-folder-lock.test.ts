import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { FolderInUse, lockDataFolder } from '../src/db/folder-lock.ts'
import { startChild } from './database-process.ts'

const directory = await mkdtemp(join(tmpdir(), 'holdfast-lock-'))
after(() => rm(directory, { recursive: true }))

const refused = () =>
  assert.throws(
    () => lockDataFolder(directory),
    (error) => error instanceof FolderInUse && error.message.includes(directory) && error.message.includes('--data'),
  )

test('N1: a second server on one data folder is refused with what to do, also from another process', async () => {
  {
    using _lock = lockDataFolder(directory)
    refused()
    await using other = startChild('lock', directory)
    await assert.rejects(other.line(), /FolderInUse.*Another Holdfast server is running/s)
  }
  using _again = lockDataFolder(directory)
})

test('N1: the folder of a killed server is free at once', async () => {
  await using other = startChild('lock', directory)
  assert.equal(await other.line(), 'locked')
  refused()
  await other.kill()
  using _lock = lockDataFolder(directory)
})
