import type { RoleName, TokenScope } from '@holdfast/api'
import { tokenScopes } from '@holdfast/api/token-scopes'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { dataDirOption, tenantOption, withInstance } from '../data-dir.ts'

export const roleOption = (): Option =>
  new Option('--role <ROLE>', 'what it may do')
    .choices(['admin', 'examiner', 'viewer', 'auditor'] satisfies RoleName[])
    .makeOptionMandatory()

type Options = { data: string; role: RoleName; scope?: TokenScope[]; name: string; days?: number; tenant?: string }

/** Adds `token create`. */
export function registerToken(program: Command): void {
  const token = program.command('token').description('Make API tokens.')
  token
    .command('create')
    .description('Make an API token; prints the token alone. It is shown this once.')
    .addOption(dataDirOption())
    .addOption(roleOption())
    .addOption(new Option('--scope <SCOPE...>', 'only this of what the role may do; all of it where not given').choices(tokenScopes))
    .option('--name <NAME>', 'what the token is for', 'command line')
    .option('--days <N>', 'days until it expires; never where not given', wholeDays)
    .addOption(tenantOption())
    .action(async ({ data, role, scope, name, days, tenant }: Options) => {
      const { createToken } = await import('@holdfast/server/operator')
      const limits = {
        ...(scope === undefined ? {} : { scopes: [...new Set(scope)] }),
        ...(days === undefined ? {} : { expiresInDays: days }),
      }
      const request = { role, name, tenantId: tenant ?? null, ...limits }
      process.stdout.write(`${await withInstance(data, (instance) => createToken(instance, request))}\n`)
    })
}

function wholeDays(text: string): number {
  const days = Number(text)
  if (!Number.isInteger(days) || days < 1 || days > 3650) throw new InvalidArgumentError('It must be a whole number from 1 to 3650.')
  return days
}
