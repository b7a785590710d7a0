import type { Command } from 'commander'
import { connect } from '../connection.ts'
import { wrongUse } from '../failure.ts'

type Options = { output: string; range?: string }

/** Adds `get`. */
export function registerGet(program: Command): void {
  program
    .command('get')
    .description('Fetch a file. A whole file is compared with its recorded SHA-256; on any failure nothing is left at the output.')
    .argument('<ID>', 'the file id')
    .requiredOption('-o, --output <FILE>', 'where it goes; - is standard output')
    .option('--range <A-B>', 'only bytes A to B, both included and counted from 0; A- to the end, -N the last N')
    .action(async (id: string, options: Options) => {
      if (options.range !== undefined && !/^(\d+-\d*|-\d+)$/.test(options.range))
        throw wrongUse(`--range ${options.range} is not of the form A-B, A- or -N`)
      const client = await connect()
      const { download } = await import('../download.ts')
      const { openOutput } = await import('../output.ts')
      const output = await openOutput(options.output)
      try {
        await download({ client, fileId: id, range: options.range ?? null, write: output.write })
        await output.commit()
      } finally {
        await output.discard()
      }
    })
}
