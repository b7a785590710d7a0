import type { Command } from 'commander'
import { dataDirOption } from '../data-dir.ts'

/** Adds `init`: the data folder with its keys, once. */
export function registerInit(program: Command): void {
  program
    .command('init')
    .description('Make a data folder with its keys, once; says where they are.')
    .addOption(dataDirOption())
    .action(async ({ data }: { data: string }) => {
      const { initDataFolder } = await import('@holdfast/server/keys/init')
      const { dataDir, made, found } = await initDataFolder(data, { env: process.env })
      const lines = [
        ...made.map(({ words, path }) => `made  ${words}: ${path}`),
        ...found.map(({ words, from }) => `there ${words}: ${from}`),
        ...(made.length > 0 ? ['', 'Keep a copy of these keys in another place than the backups: losing them loses the files.'] : []),
      ]
      process.stdout.write(`Data folder ${dataDir}\n${lines.join('\n')}\n`)
    })
}
