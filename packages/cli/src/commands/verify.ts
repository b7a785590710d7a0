import type { File as StoredFile } from '@holdfast/api'
import type { Client } from '@holdfast/client'
import type { Command } from 'commander'
import { connect } from '../connection.ts'
import { CommandFailure } from '../failure.ts'
import { bytesWords, jsonLine } from '../print.ts'
import { createStatusLine } from '../status-line.ts'

type Options = { json?: boolean }

const POLL_MS = 300

/** Adds `verify`. */
export function registerVerify(program: Command): void {
  program
    .command('verify')
    .description('Have the server read a stored file back; prints its SHA-256. Fails where it is not the recorded one, or cannot be read.')
    .argument('<ID>', 'the file id')
    .option('--json', 'the file as one JSON object')
    .action(verify)
}

async function verify(id: string, { json }: Options): Promise<void> {
  const client = await connect()
  const before = await client.files.get(id)
  await client.files.verify(id)
  const after = await readBack(client, before)
  if (json) process.stdout.write(jsonLine(after))
  const fault = faultOf(before, after)
  if (fault !== null) throw new CommandFailure(fault)
  if (!json) process.stdout.write(`${after.sha256}\n`)
}

/** The file once nothing reads it any more. Interrupted, it leaves the server to it. */
async function readBack(client: Client, before: StoredFile): Promise<StoredFile> {
  const line = createStatusLine()
  try {
    for (;;) {
      const now = await client.files.get(before.id)
      if (now.hashing === null && now.status !== 'SCANNING') return now
      if (now.hashing) line.show(`${bytesWords(now.hashing.bytes)} of ${bytesWords(now.hashing.size)} read`)
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  } finally {
    line.end()
  }
}

function faultOf(before: StoredFile, after: StoredFile): string | null {
  if (after.status === 'READY' && after.statusReason !== null) return after.statusReason
  if (after.hashState === 'mismatch') return `the storage holds ${after.diskSha256} instead of ${after.sha256}`
  if (after.status !== 'READY') return after.statusReason ?? `the file is ${after.status}`
  if (after.verifiedAt !== before.verifiedAt && after.sha256 !== null) return null
  return 'it was not read to the end; the server’s log tells why'
}
