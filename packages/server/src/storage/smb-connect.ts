import { connectShare, type SignInStep, SmbError, type SmbFault, type SmbShare } from '@holdfast/smb3'
import { networkSteps } from './connect-steps.ts'
import { guardedLookup } from './endpoint-guard.ts'
import type { ProbeStep } from './probe-steps.ts'
import { type SmbOptions, toStorageError } from './smb.ts'
import { StorageError } from './target.ts'

const remedies: Partial<Record<SmbFault, string>> = {
  dialect: 'Turn SMB 3 on at the server: on Samba “server max protocol = SMB3”, on Windows it is on from Server 2012.',
  encryption: 'Turn encryption on for the share: on Samba “server smb encrypt = required”, on Windows Set-SmbShare -EncryptData $true.',
  'sign-in': 'Check user, password and domain. A user of a domain needs the domain; for a server on its own it is WORKGROUP.',
  share: 'Check the name of the share; it is the first part of the path after the server.',
  denied: 'Allow the user to use the share, both in the share’s own permissions and in those of its folder.',
  integrity: 'Somebody between here and the server changes messages, or the server is not who it says. Do not go on before it is clear.',
}

/** With what to do about it, where the fault alone tells. */
function explained(error: unknown): unknown {
  const fault = error instanceof SmbError ? remedies[error.fault] : undefined
  const meant = toStorageError(error)
  return fault && meant instanceof StorageError ? new StorageError(meant.fault, meant.message, { cause: error, remedy: fault }) : meant
}

/** One sign-in that is watched step by step: each step of the test waits until its own part is over. */
function watchedSignIn(options: SmbOptions) {
  const order: readonly SignInStep[] = ['connect', 'negotiate', 'sign-in', 'share']
  const reached = new Map(order.map((step) => [step, Promise.withResolvers<void>()]))
  const begun = (step: SignInStep) => reached.get(step)?.resolve()
  let share: Promise<SmbShare> | null = null
  const start = (): Promise<SmbShare> => {
    share ??= connectShare({ ...options, lookup: guardedLookup(options.policy) as never, onStep: begun })
    return share
  }
  return {
    /** Resolves once the sign-in has come to `step`, or rejects with what kept it from there. */
    until: (step: SignInStep): Promise<unknown> => Promise.race([reached.get(step)?.promise, start().then(() => {})]),
    open: start,
    close: async () => (await share?.catch(() => null))?.[Symbol.asyncDispose](),
  }
}

const orExplain = async <T>(work: Promise<T>): Promise<T> => {
  try {
    return await work
  } catch (error) {
    throw explained(error)
  }
}

/** What Test connection does before the round trip: each step that can fail for a reason of its own (T6). */
export function smbConnectSteps(options: SmbOptions): ProbeStep[] {
  const signIn = watchedSignIn(options)
  return [
    ...networkSteps(options, options.policy),
    {
      name: 'Agree on SMB 3 with encryption',
      async run() {
        await orExplain(signIn.until('sign-in'))
        return null
      },
    },
    {
      name: 'Sign in',
      async run() {
        await orExplain(signIn.until('share'))
        return options.domain ? `${options.domain}\\${options.user}` : options.user
      },
    },
    {
      name: 'Open the share',
      async run(signal) {
        try {
          const share = await orExplain(signIn.open())
          const found = await orExplain(share.stat(options.folder, { signal }))
          if (!found?.isDirectory) throw new StorageError('not-found', 'The folder is not there, or is no folder')
          return `SMB ${share.security.dialect}, ${share.security.cipher}`
        } finally {
          await signIn.close()
        }
      },
    },
  ]
}
