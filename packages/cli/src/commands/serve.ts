import type { Command } from 'commander'
import { dataDirOption, environment } from '../data-dir.ts'

type Options = { data: string; port?: string; host?: string }

/** Adds `serve`: HTTP, web app and jobs in one process. */
export function registerServe(program: Command): void {
  program
    .command('serve')
    .description('Run the server: HTTP, web app and background jobs in one process. Logs go to stdout, one JSON object a line.')
    .addOption(dataDirOption())
    .option('--port <N>', 'the port (HOLDFAST_PORT, 8080)')
    .option('--host <HOST>', 'the address to listen on (HOLDFAST_HOST, localhost)')
    .action((options: Options) => run(options, true))
}

/** Adds `work`: jobs alone. */
export function registerWork(program: Command): void {
  program
    .command('work')
    .description('Run background jobs alone, without HTTP.')
    .addOption(dataDirOption())
    .action((options: Options) => run(options, false))
}

/** Runs until a signal asks it to end, then lets requests and jobs in hand come to theirs. A second signal ends it at once. */
async function run({ data, port, host }: Options, http: boolean): Promise<void> {
  const stop = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
  const { startServer, version } = await import('@holdfast/server')
  await using running = await startServer(environment(data, { HOLDFAST_PORT: port, HOLDFAST_HOST: host }), { http })
  process.stderr.write(http ? greeting(version, running) : `Holdfast ${version} runs background jobs.\n`)
  await stop
  process.stderr.write('Stopping …\n')
}

function greeting(version: string, { url, setupUrl }: { url: string; setupUrl: string | null }): string {
  const first = `\nHoldfast ${version} is at ${url}\n`
  return setupUrl === null ? first : `${first}Nobody can sign in yet. Make the first administrator here, once:\n\n  ${setupUrl}\n\n`
}
