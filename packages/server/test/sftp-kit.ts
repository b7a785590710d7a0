import assert from 'node:assert/strict'
import type { TargetTest, TestStep } from '@holdfast/api'
import { type SshKey, type SshServer, startSshd } from '../../../test/servers/sshd.ts'
import { systemClock } from '../src/core/clock.ts'
import { testTarget } from '../src/storage/probe.ts'
import { openSftpTarget, type SftpOptions, sftpConnectSteps } from '../src/storage/sftp.ts'
import { parseHostKey } from '../src/storage/sftp-link.ts'

/** An OpenSSH server of its own, a key that it takes, and how a target on it is tested. */
export interface SftpScene extends AsyncDisposable {
  readonly server: SshServer
  readonly key: SshKey
  /** What leads to `at`, or to the server of the scene. */
  optionsOf(more?: Partial<SftpOptions>, at?: SshServer): SftpOptions
  probe(options: SftpOptions): Promise<TargetTest>
  /** The step at which the test of a target fails; that it says why and what to do, and nothing of the key. */
  failureOf(options: SftpOptions): Promise<TestStep>
}

export async function openSftpScene(): Promise<SftpScene> {
  const server = await startSshd()
  const key = await server.key()
  const probe = (options: SftpOptions): Promise<TargetTest> =>
    testTarget({ kind: 'sftp', clock: systemClock, open: async () => openSftpTarget(options), connect: sftpConnectSteps(options) })
  return {
    ...{ server, key, probe },
    optionsOf: (more = {}, at = server) => ({
      ...{ host: at.host, port: at.port, user: at.user, folder: at.folder, policy: { allowLocal: true }, clock: systemClock },
      timeout: 5_000,
      credentials: { privateKey: key.privateKey },
      hostKey: parseHostKey(at.hostKey()),
      ...more,
    }),
    async failureOf(options) {
      const result = await probe(options)
      const step = result.steps.at(-1)
      assert.ok(step && !step.ok && !result.ok, `nothing failed: ${JSON.stringify(result.steps)}`)
      assert.ok(step.detail && step.remedy)
      assert.ok(!JSON.stringify(result).includes('PRIVATE KEY'), 'the key is told')
      return step
    },
    [Symbol.asyncDispose]: () => server.stop(),
  }
}
