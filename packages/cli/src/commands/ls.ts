import type { FileQuery } from '@holdfast/api'
import type { Command } from 'commander'
import { connect, getCase, getItem } from '../connection.ts'
import { wrongUse } from '../failure.ts'
import { bytesWords, jsonLine, printTable } from '../print.ts'

type Options = { case?: string; item?: string; json?: boolean }

/** Adds `ls`. */
export function registerLs(program: Command): void {
  program
    .command('ls')
    .description('List files, the newest first.')
    .option('--case <NUMBER>', 'only files of this case')
    .option('--item <LABEL>', 'only files of this item of the case')
    .option('--json', 'one JSON object a line, with every field')
    .action(list)
}

async function list(options: Options): Promise<void> {
  if (options.item !== undefined && options.case === undefined) throw wrongUse('--item needs --case')
  const client = await connect()
  const query: FileQuery = {}
  if (options.case !== undefined) {
    const owner = await getCase(client, options.case)
    query.caseId = owner.id
    if (options.item !== undefined) query.itemId = (await getItem(client, owner, options.item)).id
  }
  const files = client.files.every(query)
  if (options.json) for await (const file of files) process.stdout.write(jsonLine(file))
  else await printTable(files, (file) => [file.id, file.status, bytesWords(file.size), file.sha256 ?? '-', file.name])
}
