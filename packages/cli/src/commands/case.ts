import type { CaseCreate } from '@holdfast/api'
import type { Command } from 'commander'
import { connect } from '../connection.ts'
import { jsonLine, printTable } from '../print.ts'

/** Adds `case`. */
export function registerCase(program: Command): void {
  const command = program.command('case').description('Make and list cases.')
  command
    .command('create')
    .description('Make a case; prints its id.')
    .requiredOption('--number <NUMBER>', 'the case number, which never changes, e.g. CASE-2026-001')
    .requiredOption('--title <TEXT>', 'what the case is called')
    .option('--description <TEXT>')
    .action(async (options: CaseCreate) => {
      const client = await connect()
      process.stdout.write(`${(await client.cases.create(options)).id}\n`)
    })
  command
    .command('list')
    .description('List cases, the newest first.')
    .option('--json', 'one JSON object a line')
    .action(async (options: { json?: boolean }) => {
      const client = await connect()
      if (options.json) for await (const one of client.cases.every()) process.stdout.write(jsonLine(one))
      else await printTable(client.cases.every(), (one) => [one.id, one.number, String(one.fileCount), one.title])
    })
}
