import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../src/core/clock.ts'
import { openLocalTarget } from '../src/storage/local.ts'
import { StorageError } from '../src/storage/target.ts'

// Runs in a mount namespace of its own, on a disk of 4 MiB, and prints what the driver made of its limits.

const folder = await mkdtemp(join(tmpdir(), 'holdfast-limits-'))
execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder])
const target = await openLocalTarget({ path: folder, clock: systemClock })
const faultOf = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call
    return 'stored'
  } catch (error) {
    return error instanceof StorageError ? error.fault : String(error)
  }
}
const whatIs = async (key: string): Promise<string> => new TextDecoder().decode(await target.read(key, 0, 4))

const report: Record<string, unknown> = {}
await target.put('folder/old', new TextEncoder().encode('kept'))
report.fullPut = await faultOf(target.put('folder/old', new Uint8Array(6_000_000)))
const id = await target.beginWrite('folder/old', 6_000_000)
report.fullPart = await faultOf(target.writePart('folder/old', id, { number: 1, offset: 0, bytes: new Uint8Array(6_000_000) }))
report.oldObject = await whatIs('folder/old')
await target.abortWrite('folder/old', id)
report.leftovers = (await readdir(join(folder, 'folder'))).filter((name) => name !== 'old')
report.afterFreeing = await faultOf(target.put('folder/new', new Uint8Array(3_000_000)))

execFileSync('mount', ['-o', 'remount,ro', folder])
report.readOnlyPut = await faultOf(target.put('folder/old', new Uint8Array(1)))
report.readOnlyBegin = await faultOf(target.beginWrite('folder/old', 1))
report.readOnlyDelete = await faultOf(target.delete('folder/old'))
report.readOnlyRead = await whatIs('folder/old')
console.log(JSON.stringify(report))
await target[Symbol.asyncDispose]()
execFileSync('umount', [folder])
await rmdir(folder)
