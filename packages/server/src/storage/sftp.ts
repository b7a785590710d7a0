import type { Clock } from '../core/clock.ts'
import { networkSteps } from './connect-steps.ts'
import type { ProbeStep } from './probe-steps.ts'
import { sftpFiles } from './sftp-files.ts'
import { changedHostKey, createSftpLink, formatHostKey, isSameHostKey, readHostKey, type SftpAccess } from './sftp-link.ts'
import { StorageError, type StorageTarget } from './target.ts'
import { openTreeTarget } from './tree.ts'

export type SftpOptions = Omit<SftpAccess, 'timeout'> & {
  /** The folder that is the target's root, absolute or below the user's home; it exists already. */
  readonly folder: string
  readonly clock: Clock
  /** Told what host key the server shows while it is tested. */
  readonly onHostKey?: (hostKey: string) => void
  /** Milliseconds for the connection and for each answer; 30,000 where not said. */
  readonly timeout?: number
}

const accessOf = (options: SftpOptions): SftpAccess => ({ timeout: 30_000, ...options })
const rootOf = ({ folder }: SftpOptions): string => (folder === '' ? '.' : folder.length > 1 ? folder.replace(/\/+$/, '') : folder)

/** Opens a target in a folder of an SFTP server. It connects with the first call; a lost connection is made anew by the next one. */
export function openSftpTarget(options: SftpOptions): StorageTarget {
  return openTreeTarget({ files: sftpFiles(createSftpLink(accessOf(options)), rootOf(options)), clock: options.clock, openAnew: true })
}

/** What Test connection does before the round trip. */
export function sftpConnectSteps(options: SftpOptions): ProbeStep[] {
  const access = accessOf(options)
  return [
    ...networkSteps(access, options.policy),
    {
      name: 'Check the host key',
      async run() {
        const shown = await readHostKey(access)
        options.onHostKey?.(formatHostKey(shown))
        if (options.hostKey && !isSameHostKey(shown, options.hostKey)) throw changedHostKey(options.hostKey, shown)
        return formatHostKey(shown)
      },
    },
    {
      name: 'Sign in',
      async run() {
        const link = createSftpLink(access)
        try {
          await link.session()
          return options.user
        } finally {
          await link.close()
        }
      },
    },
    {
      name: 'Find the folder',
      async run(signal) {
        await using files = sftpFiles(createSftpLink(access), rootOf(options))
        const found = await files.stat('', { signal })
        if (!found?.isFolder) throw new StorageError('not-found', 'The folder is not there, or is no folder')
        return rootOf(options)
      },
    },
  ]
}
