import { Command } from 'commander'
import { registerAudit } from './commands/audit.ts'
import { registerCase } from './commands/case.ts'
import { registerCheck } from './commands/check.ts'
import { registerGet } from './commands/get.ts'
import { registerInit } from './commands/init.ts'
import { registerLs } from './commands/ls.ts'
import { registerOpen } from './commands/open.ts'
import { registerPut } from './commands/put.ts'
import { registerSeal } from './commands/seal.ts'
import { registerServe, registerWork } from './commands/serve.ts'
import { registerStorage } from './commands/storage.ts'
import { registerSync } from './commands/sync.ts'
import { registerTarget } from './commands/target.ts'
import { registerTenant } from './commands/tenant.ts'
import { registerToken } from './commands/token.ts'
import { registerUser } from './commands/user.ts'
import { registerVerify } from './commands/verify.ts'

const afterHelp = `
Commands that talk to a server read HOLDFAST_URL (default http://localhost:8080) and HOLDFAST_TOKEN.
Exit status: 0 done, 1 failed or not proven (one line on stderr says why), 2 wrong use, 130 interrupted.`

const groups: readonly [string, readonly ((program: Command) => void)[]][] = [
  [
    'On the machine of the server:',
    [registerInit, registerServe, registerWork, registerTenant, registerToken, registerUser, registerAudit, registerStorage, registerCheck],
  ],
  ['Against a server:', [registerCase, registerPut, registerGet, registerLs, registerVerify, registerSync, registerTarget]],
  ['Offline:', [registerSeal, registerOpen]],
]

/** All commands. Their modules load nothing heavy until they run, so that help and offline commands start fast. */
export function createProgram(): Command {
  const program = new Command('holdfast')
    .description('Self-hosted evidence and file store: sealed at rest, proven on the way in and out, audited for outsiders.')
    .addHelpText('after', afterHelp)
    .showSuggestionAfterError()
  for (const [title, registrations] of groups) {
    program.commandsGroup(title)
    for (const register of registrations) register(program)
  }
  return program
}
