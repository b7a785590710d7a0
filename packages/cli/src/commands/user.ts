import type { RoleName } from '@holdfast/api'
import type { Command } from 'commander'
import { dataDirOption, tenantOption, withInstance } from '../data-dir.ts'
import { wrongUse } from '../failure.ts'
import { roleOption } from './token.ts'

type Options = { data: string; email: string; name: string; role: RoleName; passwordStdin?: boolean; tenant?: string }

const LONGEST_PASSWORD = 128

/** Adds `user create`. */
export function registerUser(program: Command): void {
  const user = program.command('user').description('Make people who can sign in.')
  user
    .command('create')
    .description('Make somebody who can sign in with a password; prints the user id.')
    .addOption(dataDirOption())
    .requiredOption('--email <EMAIL>')
    .requiredOption('--name <NAME>')
    .addOption(roleOption())
    .option('--password-stdin', 'read the password from standard input (its first line)')
    .addOption(tenantOption())
    .action(create)
}

async function create({ data, email, name, role, passwordStdin, tenant }: Options): Promise<void> {
  if (!passwordStdin) throw wrongUse('--password-stdin is needed: a password on the command line would show in the list of processes')
  const password = await firstLine()
  if (password.length < 10 || password.length > LONGEST_PASSWORD)
    throw wrongUse(`The password must have 10 to ${LONGEST_PASSWORD} characters`)
  if (!/^[^@\s]+@[^@\s]+$/.test(email)) throw wrongUse(`${email} is not an email address`)
  const { createUser } = await import('@holdfast/server/operator')
  const request = { email, name, role, password, tenantId: tenant ?? null }
  process.stdout.write(`${await withInstance(data, (instance) => createUser(instance, request))}\n`)
}

async function firstLine(): Promise<string> {
  let text = ''
  process.stdin.setEncoding('utf8')
  for await (const chunk of process.stdin) {
    text += chunk
    if (text.includes('\n') || text.length > 10 * LONGEST_PASSWORD) break
  }
  return text.split(/\r?\n/, 1)[0] ?? ''
}
