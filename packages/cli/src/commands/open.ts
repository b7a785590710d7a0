import { type Command, InvalidArgumentError, Option } from 'commander'
import type { OpenOptions } from '../sealed-files/open-file.ts'
import { parseRangeText, type RangeText } from '../sealed-files/range-text.ts'

const help = `
The formats are told apart by how the file begins. LXENC01 takes the master key in HOLDFAST_MASTER_KEY or HOLDFAST_MASTER_KEY_FILE.
Exit status 0 means that every byte given out was authenticated. Standard output gets each piece once it is; for a regular FLOE file the end
is proven before the first piece. LXENC01 cannot prove its end: compare the size, or the SHA-256 of --digest, with what is on record.`

/** Adds `open`: offline, no server, no database. */
export function registerOpen(program: Command): void {
  program
    .command('open')
    .description('Open a sealed file. On any failure nothing is left at the output.')
    .argument('<IN>', 'the file to open; - is standard input')
    .requiredOption('-o, --output <OUT>', 'where it goes; - is standard output')
    .addOption(
      new Option('--profile <PROFILE>', 'LXENC01: legacy also reads what older writers made')
        .choices(['strict', 'legacy'])
        .default('strict'),
    )
    .option('--range <A-B>', 'only bytes A to B, both included and counted from 0; A- to the end, -N the last N', range)
    .option('--file-key <HEX>', 'FLOE: the file key, 64 hexadecimal digits (others may see it in the list of processes)')
    .option('--file-key-file <FILE>', 'FLOE: a file of mode 0600 that holds it')
    .option('--aad <TEXT>', 'FLOE: the text that it was sealed with')
    .option('--digest', 'also print the SHA-256 of what was opened')
    .option('--force', 'replace the output where it exists')
    .addHelpText('after', help)
    .action(async (input: string, options: OpenOptions) => {
      const { openFile } = await import('../sealed-files/open-file.ts')
      const { size, sha256, format } = await openFile(input, options)
      process.stderr.write(`${size} bytes${sha256 === null ? '' : `, SHA-256 ${sha256}`}\n`)
      if (format === 'lxenc1' && options.range === undefined) {
        process.stderr.write('LXENC01 does not prove its end: compare size and SHA-256 with what is on record\n')
      }
    })
}

function range(text: string): RangeText {
  const parsed = parseRangeText(text)
  if (parsed === null) throw new InvalidArgumentError('It must be of the form A-B, A- or -N.')
  return parsed
}
