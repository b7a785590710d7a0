import type { Command } from 'commander'
import { dataDirOption, withInstance } from '../data-dir.ts'
import { wrongUse } from '../failure.ts'
import { jsonLine, printTable } from '../print.ts'

const LONGEST_NAME = 200
const slugPattern = /^[a-z0-9][a-z0-9-]{0,62}$/

/** Adds `tenant create` and `tenant list`. */
export function registerTenant(program: Command): void {
  const tenant = program.command('tenant').description('Make and list tenants: organisations that see nothing of each other.')
  tenant
    .command('create')
    .description('Make a tenant with its own Local target and key; prints its id. Then make somebody in it with user create --tenant.')
    .addOption(dataDirOption())
    .requiredOption('--name <NAME>', 'what it is called')
    .requiredOption('--slug <SLUG>', 'its short name: lower-case letters, digits and hyphens')
    .action(create)
  tenant
    .command('list')
    .description('List the tenants, the oldest first.')
    .addOption(dataDirOption())
    .option('--json', 'one JSON object a line')
    .action(list)
}

async function create({ data, name, slug }: { data: string; name: string; slug: string }): Promise<void> {
  if (name.trim() === '' || name.length > LONGEST_NAME) throw wrongUse(`The name must have 1 to ${LONGEST_NAME} characters`)
  if (!slugPattern.test(slug)) throw wrongUse('The short name takes lower-case letters, digits and hyphens, 63 at most')
  const { createTenant } = await import('@holdfast/server/operator')
  const made = await withInstance(data, (instance) => createTenant(instance, { name: name.trim(), slug }))
  process.stdout.write(`${made.id}\n`)
}

async function list({ data, json }: { data: string; json?: boolean }): Promise<void> {
  const { listTenants } = await import('@holdfast/server/operator')
  await withInstance(data, async (instance) => {
    const tenants = listTenants(instance)
    if (json) for await (const { id, slug, name } of tenants) process.stdout.write(jsonLine({ id, slug, name }))
    else await printTable(tenants, ({ id, slug, name }) => [id, slug, name])
  })
}
