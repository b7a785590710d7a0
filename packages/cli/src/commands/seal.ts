import { type Command, InvalidArgumentError, Option } from 'commander'
import type { SealOptions } from '../sealed-files/seal-file.ts'

const help = `
FLOE is sealed under a file key: given, or made afresh and written to OUT.key. Whoever has the key can open the file; without it nobody can.
LXENC01 is sealed under the master key in HOLDFAST_MASTER_KEY or the file that HOLDFAST_MASTER_KEY_FILE names.
Size and SHA-256 of the plaintext are printed on stderr: LXENC01 files cannot tell by themselves that their end is missing.`

/** Adds `seal`: offline, no server, no database. */
export function registerSeal(program: Command): void {
  program
    .command('seal')
    .description('Seal a file. On any failure nothing is left at the output.')
    .argument('<IN>', 'the file to seal; - is standard input')
    .requiredOption('-o, --output <OUT>', 'where it goes; - is standard output')
    .addOption(new Option('--format <FORMAT>', 'the container').choices(['floe', 'lxenc1']).default('floe'))
    .option('--file-key <HEX>', 'FLOE: the file key, 64 hexadecimal digits (others may see it in the list of processes)')
    .option('--file-key-file <FILE>', 'FLOE: a file of mode 0600 that holds it')
    .option('--aad <TEXT>', 'FLOE: text that must be given again to open it')
    .option('--segment-length <BYTES>', 'FLOE: stored length of a segment (default 1048576)', wholeNumber)
    .option('--force', 'replace the output where it exists')
    .addHelpText('after', help)
    .action(async (input: string, options: SealOptions) => {
      const { sealFile } = await import('../sealed-files/seal-file.ts')
      const { size, sha256, keyFile } = await sealFile(input, options)
      if (keyFile !== null) process.stderr.write(`file key written to ${keyFile}\n`)
      process.stderr.write(`${size} bytes, SHA-256 ${sha256}\n`)
    })
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(text)
}
