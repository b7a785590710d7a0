import type { Sync } from '@holdfast/api'
import type { Command } from 'commander'
import { connect, getCase, getItem } from '../connection.ts'
import { CommandFailure, plain } from '../failure.ts'
import { bytesWords, jsonLine } from '../print.ts'
import { watch } from '../watch.ts'

type Options = { case: string; item?: string; preview?: boolean; allowRemovals?: boolean; json?: boolean }

/** Adds `sync`. */
export function registerSync(program: Command): void {
  program
    .command('sync')
    .description(
      'Reconcile the Direct folder of a case, or of one item, with what lies on its storage: unknown files come into the list, those that are gone leave it.',
    )
    .requiredOption('--case <NUMBER>', 'the case; without --item its own folder alone')
    .option('--item <LABEL>', 'the folder of this item alone, by its label or id')
    .option('--preview', 'say what would be done, and change nothing')
    .option('--allow-removals', 'go on although more than half of the files would leave the list')
    .option('--json', 'the report as one JSON object')
    .action(sync)
}

async function sync(options: Options): Promise<void> {
  const client = await connect()
  const owner = await getCase(client, options.case)
  const itemId = options.item === undefined ? undefined : (await getItem(client, owner, options.item)).id
  const started = await client.syncs.start(owner.id, {
    ...(itemId === undefined ? {} : { itemId }),
    mode: options.preview ? 'preview' : 'apply',
    ...(options.allowRemovals ? { allowRemovals: true } : {}),
  })
  const ended = await watch(started, {
    isRunning: ({ status }) => status === 'running',
    words: (now) => `${now.listed} files seen, ${now.added.count} added, ${now.changed.count} changed, ${now.removed.count} removed`,
    again: ({ id }) => client.syncs.get(id),
    cancel: ({ id }) => client.syncs.cancel(id),
  })
  process.stdout.write(options.json ? jsonLine(ended) : `${describeSync(ended)}\n`)
  if (ended.status === 'done') return
  throw new CommandFailure(ended.error ?? `the Sync was ${ended.status}`)
}

const groups = [
  ['added', 'added'],
  ['changed', 'changed'],
  ['removed', 'removed from the list'],
  ['missing', 'missing, kept by a legal hold'],
  ['skipped', 'skipped'],
] as const

/** The report as lines for a person: counts, and the first names of each kind. */
export function describeSync(report: Sync): string {
  const lines = [
    `${report.listed} files on the storage, ${report.unchanged} unchanged${report.mode === 'preview' ? ' (preview: nothing was changed)' : ''}`,
  ]
  for (const [name, words] of groups) {
    const { count, bytes, examples } = report[name]
    if (count === 0) continue
    lines.push(`${count} ${words} (${bytesWords(bytes)})`)
    for (const one of examples) lines.push(`  ${plain(one.name)}${one.reason === null ? '' : `: ${plain(one.reason)}`}`)
    if (count > examples.length) lines.push(`  … and ${count - examples.length} more`)
  }
  return lines.join('\n')
}
