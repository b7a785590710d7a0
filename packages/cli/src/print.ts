import { plain } from './failure.ts'

export const jsonLine = (value: unknown): string => `${JSON.stringify(value)}\n`

const ROWS_AT_ONCE = 200

/** Prints rows as they come, in columns as wide as the widest of each 200; to a pipe, tab-separated. Foreign text is made safe. */
export async function printTable<T>(items: AsyncIterable<T>, columns: (item: T) => readonly string[]): Promise<void> {
  let block: (readonly string[])[] = []
  for await (const item of items) {
    block.push(columns(item).map(plain))
    if (block.length < ROWS_AT_ONCE) continue
    printBlock(block)
    block = []
  }
  printBlock(block)
}

function printBlock(rows: readonly (readonly string[])[]): void {
  if (!process.stdout.isTTY) {
    for (const row of rows) process.stdout.write(`${row.join('\t')}\n`)
    return
  }
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  for (const row of rows)
    process.stdout.write(
      `${row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd()}\n`,
    )
}

const units = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'] as const

/** Bytes for people, in steps of 1024 as the pages say them: `812 B`, `4.3 GB`. */
export function bytesWords(bytes: number): string {
  let value = bytes
  let unit = 0
  for (; value >= (unit === 0 ? 1024 : 1023.95) && unit < units.length - 1; unit += 1) value /= 1024
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}

/** Seconds for people: `42 s`, `3 min`, `2 h 5 min`. */
export function secondsWords(seconds: number): string {
  if (seconds < 90) return `${Math.max(0, Math.round(seconds))} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
