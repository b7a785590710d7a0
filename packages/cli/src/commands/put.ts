import type { Client, UploadRun } from '@holdfast/client'
import { type Command, Option } from 'commander'
import { connect, getCase, getItem } from '../connection.ts'
import { CommandFailure, oneLine } from '../failure.ts'
import { createProgressLine, type ProgressLine } from '../progress-line.ts'

type Options = { case: string; item?: string; tier?: 'secure' | 'direct'; wait: boolean; resume: boolean }
type Destination = { caseId: string; itemId?: string; tier?: 'secure' | 'direct' }

/** Adds `put`. */
export function registerPut(program: Command): void {
  program
    .command('put')
    .description(
      'Send files to a case; prints the id of each, one a line. An upload of the same file that was interrupted goes on where it was.',
    )
    .argument('<FILE...>')
    .requiredOption('--case <NUMBER>', 'the case that the files belong to')
    .option('--item <LABEL>', 'the evidence item of the case that they belong to')
    .addOption(new Option('--tier <TIER>', 'how the files are protected').choices(['secure', 'direct']))
    .option('--no-wait', 'return once the server has the files, without waiting until they are proven')
    .option('--no-resume', 'start afresh even where an unfinished upload of the same file is there')
    .action(putAll)
}

async function putAll(paths: readonly string[], options: Options): Promise<void> {
  const client = await connect()
  if (options.tier === 'direct') await assertDirect(client)
  const owner = await getCase(client, options.case)
  const destination: Destination = {
    caseId: owner.id,
    ...(options.item === undefined ? {} : { itemId: (await getItem(client, owner, options.item)).id }),
    ...(options.tier === undefined ? {} : { tier: options.tier }),
  }
  const interrupt = new AbortController()
  process.once('SIGINT', () => interrupt.abort()).once('SIGTERM', () => interrupt.abort())
  let failures = 0
  // The next file is sent while the server still proves the one before.
  let settled: Promise<void> = Promise.resolve()
  for (const path of paths) {
    if (interrupt.signal.aborted) break
    const sent = await put({ client, path, destination, options, signal: interrupt.signal })
    const before = settled
    settled = sent.outcome.then(async (outcome) => {
      await before
      if (outcome.id !== null) process.stdout.write(`${outcome.id}\n`)
      if (outcome.failure === null) return
      failures += 1
      process.stderr.write(`holdfast: ${path}: ${await oneLine(outcome.failure)}\n`)
    })
  }
  await settled
  if (interrupt.signal.aborted) throw new CommandFailure('interrupted; the same command goes on from here', 130)
  if (failures > 0) process.exitCode = 1
}

/** Before anything is sent: without a bound target there is no direct tier. */
async function assertDirect(client: Client): Promise<void> {
  const { bound } = await client.direct.state()
  if (!bound)
    throw new CommandFailure('Direct is not set up on this server: an administrator binds a target to its Direct role; --tier secure works')
}

type Sending = { client: Client; path: string; destination: Destination; options: Options; signal: AbortSignal }
type Outcome = { id: string | null; failure: unknown }

/** Resolves when the server has the file or never will; `outcome` when it is also proven. */
async function put({ client, path, destination, options, signal }: Sending): Promise<{ outcome: Promise<Outcome> }> {
  const line = createProgressLine(path)
  try {
    const { startUpload } = await import('@holdfast/client')
    const { fileSource } = await import('@holdfast/client/node')
    const source = await fileSource(path)
    const uploadId = options.resume ? await findUnfinished(client, destination, source) : null
    const { promise: accepted, resolve } = Promise.withResolvers<void>()
    const run = startUpload({
      client,
      source,
      destination,
      resume: uploadId === null ? undefined : { uploadId, ifDifferent: 'start-new' },
      untilReady: options.wait,
      onState(state) {
        line.show(state)
        if (state.phase === 'verifying') resolve()
      },
    })
    const abandon = () => run.abandon()
    signal.addEventListener('abort', abandon)
    const outcome = settle(run, line).finally(async () => {
      signal.removeEventListener('abort', abandon)
      await source[Symbol.asyncDispose]()
    })
    await Promise.race([accepted, outcome])
    return { outcome }
  } catch (failure) {
    line.end()
    return { outcome: Promise.resolve({ id: null, failure }) }
  }
}

async function settle(run: UploadRun, line: ProgressLine): Promise<Outcome> {
  const final = await run.done
  line.end()
  if (final.phase === 'ready' || final.phase === 'verifying') return { id: final.file.id, failure: null }
  return { id: null, failure: final.phase === 'error' ? final.error : new CommandFailure('cancelled') }
}

/** An open upload to the same place of a file of the same name and size; whether its bytes are the same is found out while resuming. */
async function findUnfinished(client: Client, destination: Destination, source: { name: string; size: number }): Promise<string | null> {
  for await (const session of client.uploads.every({ caseId: destination.caseId, mine: true })) {
    const samePlace = session.itemId === (destination.itemId ?? null) && session.tier === (destination.tier ?? 'secure')
    if (session.status === 'open' && samePlace && session.name === source.name && session.size === source.size) return session.id
  }
  return null
}
