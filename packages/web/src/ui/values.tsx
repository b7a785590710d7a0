import { formatBytes, formatExactBytes, formatFullTime, formatTime, formatUtc } from './format.ts'

/** A point in time in the reader's zone; UTC is in its tooltip. `full` also shows seconds and zone. */
export function When({ at, full = false }: { at: string; full?: boolean }) {
  return (
    <time dateTime={at} title={formatUtc(at)} className="hf-number">
      {full ? formatFullTime(at) : formatTime(at)}
    </time>
  )
}

/** A size in the largest fitting unit; the exact number of bytes is in its tooltip. */
export function Size({ bytes }: { bytes: number }) {
  return (
    <span title={formatExactBytes(bytes)} className="hf-number">
      {formatBytes(bytes)}
    </span>
  )
}

/** For details: unit and exact bytes side by side. */
export function ExactSize({ bytes }: { bytes: number }) {
  return (
    <span className="hf-number">
      {formatBytes(bytes)}
      {bytes >= 1024 ? ` (${formatExactBytes(bytes)})` : null}
    </span>
  )
}
