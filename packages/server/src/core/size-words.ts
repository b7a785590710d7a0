const units = ['bytes', 'KB', 'MB', 'GB', 'TB', 'PB'] as const

/** Bytes for people, in steps of 1024 as the pages count them: `812 bytes`, `4.3 GB`. */
export function saySize(bytes: number): string {
  const step = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)))
  const amount = bytes / 1024 ** step
  return `${step === 0 ? amount : amount.toFixed(1)} ${units[step]}`
}

/** With the exact number beside it, where there is more to say than that. */
export const sayExactSize = (bytes: number): string => (bytes < 1024 ? saySize(bytes) : `${saySize(bytes)} (${bytes} bytes)`)
