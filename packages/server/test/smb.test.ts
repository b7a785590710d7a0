import { rm } from 'node:fs/promises'
import { after, before, describe } from 'node:test'
import { type SambaServer, startSamba } from '../../../test/servers/samba.ts'
import { systemClock } from '../src/core/clock.ts'
import { openSmbTarget } from '../src/storage/smb.ts'
import { targetContract } from './target.contract.ts'

describe('T4: SMB 3 on Samba', () => {
  let server: SambaServer
  before(async () => {
    server = await startSamba('encryption-required')
  })
  after(() => server.stop())
  targetContract('smb', async () => {
    const { host, port, share, user, password } = server
    const another = async () =>
      openSmbTarget({
        ...{ host, port, share, user, password, domain: '', folder: '' },
        ...{ policy: { allowLocal: true }, clock: systemClock, timeout: 10_000 },
      })
    const target = await another()
    return {
      target,
      another,
      dispose: async () => {
        await target[Symbol.asyncDispose]()
        await rm(`${server.folder}/holdfast`, { recursive: true, force: true })
      },
    }
  })
})
