import { createReadStream } from 'node:fs'
import { mkdir, open, stat, truncate } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import type { StoredOutcome, StoredVerdict } from '@holdfast/server/check'
import { CommandFailure } from './failure.ts'
import { jsonLine } from './print.ts'

type Begin = { readonly type: 'begin'; readonly format: typeof FORMAT; readonly at: string }
type End = { readonly type: 'end'; readonly at: string } & ReportCounts
type Line = Begin | End | ({ readonly type: 'file' } & StoredVerdict)

const FORMAT = 'holdfast-storage-report@v1'
export type ReportCounts = { files: number; bytes: number } & Record<StoredOutcome, number>

/** A report as far as it goes: JSON lines, which are the memory of a verification that was interrupted. */
export interface VerifyReport extends AsyncDisposable {
  readonly counts: ReportCounts
  /** The last file that is in it; empty where there is none yet. */
  readonly after: string
  add(verdict: StoredVerdict): Promise<void>
  /** From here on the report is whole, and the next one begins anew. */
  end(): Promise<void>
}

const noCounts = (): ReportCounts => ({ files: 0, bytes: 0, proven: 0, unrecorded: 0, damaged: 0, unread: 0 })

function count(counts: ReportCounts, { size, outcome }: StoredVerdict): void {
  counts.files += 1
  counts.bytes += size
  counts[outcome] += 1
}

type Earlier = { readonly counts: ReportCounts; readonly after: string; readonly bytes: number; readonly isOver: boolean }

const parsed = (text: string): Line | null => {
  try {
    return JSON.parse(text) as Line
  } catch {
    return null
  }
}

/** What an earlier run has left at `path`; null where there is nothing. What a crash tore off its last line is not counted. */
async function readEarlier(path: string): Promise<Earlier | null> {
  if (((await stat(path).catch(() => null))?.size ?? 0) === 0) return null
  const counts = noCounts()
  const seen = { after: '', bytes: 0, isOver: false, lines: 0 }
  for await (const text of createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Number.POSITIVE_INFINITY })) {
    const line = parsed(text)
    if (seen.lines === 0 && !(line?.type === 'begin' && line.format === FORMAT))
      throw new CommandFailure(`${path} is not a report of storage verify: give another --report, or move it away`)
    if (line === null) break
    if (line.type === 'file') {
      count(counts, line)
      seen.after = line.fileId
    }
    seen.isOver = line.type === 'end'
    seen.bytes += Buffer.byteLength(text) + 1
    seen.lines += 1
  }
  return { counts, ...seen }
}

const now = (): string => new Date().toISOString()

/** Opens the report at `path`: to go on with one that an earlier run did not end, unless `restart` asks for a new one. */
export async function openReport(path: string, { restart }: { restart: boolean }): Promise<VerifyReport> {
  const earlier = await readEarlier(path)
  const goesOn = earlier !== null && !earlier.isOver && !restart
  await mkdir(dirname(path), { recursive: true })
  if (goesOn) await truncate(path, earlier.bytes)
  const file = await open(path, goesOn ? 'a' : 'w', 0o600)
  const counts = goesOn ? earlier.counts : noCounts()
  const write = (line: Line) => file.appendFile(jsonLine(line))
  if (!goesOn) await write({ type: 'begin', format: FORMAT, at: now() })
  return {
    counts,
    after: goesOn ? earlier.after : '',
    async add(verdict) {
      await write({ type: 'file', ...verdict })
      count(counts, verdict)
    },
    async end() {
      await write({ type: 'end', at: now(), ...counts })
      await file.sync()
    },
    [Symbol.asyncDispose]: () => file.close(),
  }
}
