import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { MiB } from '@holdfast/api'
import type { TargetAccess } from '../src/services/target-access.ts'
import type { StorageTarget } from '../src/storage/target.ts'
import { openFileWorld } from './file-world.ts'

/** Names each call about an object of a case that comes while nobody has leased a target, which could then be closed below it. */
function watchLeases() {
  let leases = 0
  const unleased: string[] = []
  return {
    unleased,
    wrap: (target: StorageTarget): StorageTarget =>
      new Proxy(target, {
        get(real, name) {
          const value = Reflect.get(real, name)
          if (typeof value !== 'function') return value
          return (...given: unknown[]) => {
            if (leases === 0 && String(given[0]).startsWith('attachments/')) unleased.push(String(name))
            return Reflect.apply(value, real, given)
          }
        },
      }),
    watch(targets: TargetAccess): void {
      const { lease } = targets
      const counted: TargetAccess['lease'] = async (tenantId, targetId) => {
        const held = await lease(tenantId, targetId)
        leases += 1
        const end = async () => {
          leases -= 1
          await held[Symbol.asyncDispose]()
        }
        return { target: held.target, [Symbol.asyncDispose]: end }
      }
      Object.assign(targets, { lease: counted })
    },
  }
}

test('S5: a target is leased for as long as it is used: in uploads, their verification, downloads and a later one', async () => {
  const { unleased, wrap, watch } = watchLeases()
  await using world = await openFileWorld({ wrap })
  watch(world.instance.targets)
  const { api } = world
  const bytes = randomBytes(24 * MiB)
  const file = await api.upload(await api.newCase().then(({ id }) => id), bytes)
  assert.deepEqual((await api.bytes(file.id)).bytes.equals(bytes), true)
  const { verifiedAt } = await api.file(file.id)
  assert.equal((await api.call('POST', `/files/${file.id}/verify`)).status, 202)
  while ((await api.file(file.id)).verifiedAt === verifiedAt);
  assert.deepEqual(unleased, [])
})
