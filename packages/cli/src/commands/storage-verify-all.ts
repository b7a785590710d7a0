import { resolve } from 'node:path'
import type { StoredVerdict } from '@holdfast/server/check'
import { withInstance } from '../data-dir.ts'
import { CommandFailure, plain } from '../failure.ts'
import { bytesWords, jsonLine } from '../print.ts'
import { openReport, type ReportCounts } from '../verify-report.ts'

export type VerifyAllOptions = {
  readonly data: string
  readonly json?: boolean
  /** MiB a second; 0: as fast as it goes. */
  readonly rate: number
  readonly report?: string
  readonly restart?: boolean
}

const MEBIBYTE = 1024 * 1024
const REPORT_NAME = 'storage-verify.jsonl'

/** Reads every stored file, at the rate, into the report; goes on where an earlier run was interrupted. Fails unless each is as stored. */
export async function verifyAll(options: VerifyAllOptions): Promise<void> {
  const { verifyStoredFiles } = await import('@holdfast/server/check')
  const path = resolve(options.report ?? resolve(options.data, REPORT_NAME))
  const interrupt = interruptSignal()
  await using report = await openReport(path, { restart: options.restart ?? false })
  const { after } = report
  if (after !== '') process.stderr.write(`Going on after file ${after}; ${report.counts.files} are in ${plain(path)} already\n`)
  await withInstance(options.data, async (instance) => {
    const reading = { after, bytesPerSecond: options.rate * MEBIBYTE, signal: interrupt }
    for await (const verdict of verifyStoredFiles(instance, reading)) {
      await report.add(verdict)
      tell(verdict)
    }
  })
  await report.end()
  process.stdout.write(options.json ? jsonLine({ report: path, ...report.counts }) : `${summary(report.counts)}\nReport: ${plain(path)}\n`)
  const { damaged, unread } = report.counts
  if (damaged + unread > 0) throw new CommandFailure(`storage does not verify: damaged ${damaged}, not read ${unread}`)
}

function tell({ fileId, outcome, detail }: StoredVerdict): void {
  if (outcome === 'damaged' || outcome === 'unread') process.stderr.write(`✖ ${outcome} ${fileId}: ${plain(detail ?? '')}\n`)
}

const summary = ({ files, bytes, proven, unrecorded, damaged, unread }: ReportCounts): string =>
  `${files} files (${bytesWords(bytes)}): ${proven} proven, ${unrecorded} read without a digest to compare, ${damaged} damaged, ${unread} not read`

function interruptSignal(): AbortSignal {
  const controller = new AbortController()
  const stop = () => controller.abort(new CommandFailure('interrupted; the same command goes on from here', 130))
  process.once('SIGINT', stop).once('SIGTERM', stop)
  return controller.signal
}
