import { after, before, describe } from 'node:test'
import { type SshKey, type SshServer, startSshd } from '../../../test/servers/sshd.ts'
import { systemClock } from '../src/core/clock.ts'
import { openSftpTarget } from '../src/storage/sftp.ts'
import { parseHostKey } from '../src/storage/sftp-link.ts'
import type { StorageTarget } from '../src/storage/target.ts'
import { withFaults, wrapTarget } from '../src/storage/wrap.ts'
import { targetContract } from './target.contract.ts'

const retried =
  (when: 'before' | 'after') =>
  (target: StorageTarget): StorageTarget =>
    wrapTarget(
      withFaults(target, (call, count) => (call.repeatable && count % 2 === 1 ? when : null)),
      { clock: systemClock, attempts: 64, firstDelay: 0 },
    )

describe('T5: SFTP on OpenSSH', () => {
  let server: SshServer
  let key: SshKey
  before(async () => {
    server = await startSshd()
    key = await server.key()
  })
  after(() => server?.stop())
  const wraps: [string, (target: StorageTarget) => StorageTarget][] = [
    ['sftp', (target) => target],
    ['sftp, retried through faults before each call', retried('before')],
    ['sftp, retried through faults after each call', retried('after')],
  ]
  for (const [name, wrap] of wraps) {
    targetContract(
      name,
      async () => {
        const { host, port, user, folder } = server
        const options = { host, port, user, folder, credentials: { privateKey: key.privateKey }, hostKey: parseHostKey(server.hostKey()) }
        const another = async () => wrap(openSftpTarget({ ...options, policy: { allowLocal: true }, clock: systemClock, timeout: 10_000 }))
        const target = await another()
        return { target, another, dispose: async () => target[Symbol.asyncDispose]() }
      },
      { partBytes: 600_000, runs: 20 },
    )
  }
})
