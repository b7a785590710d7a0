/**
 * How numbers, sizes and times read everywhere in the app. Sizes count in steps of 1024 (1 KB is 1024 bytes), as
 * everywhere in Holdfast; the exact number of bytes is always at hand beside them. Every function takes the
 * reader's locale from the browser unless one is given.
 */
const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'] as const

/** 1536 → "1.5 KB". */
export function formatBytes(bytes: number, locale?: string): string {
  let step = 0
  let amount = bytes
  // 1023.95 rounds to "1,024 KB" in one digit, so the step is taken from there.
  while (amount >= (step === 0 ? 1024 : 1023.95) && step < units.length - 1) {
    amount /= 1024
    step += 1
  }
  const digits = step === 0 || amount >= 100 ? 0 : 1
  const text = new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: units[step] ?? 'byte',
    unitDisplay: step === 0 ? 'long' : 'short',
    maximumFractionDigits: digits,
  }).format(amount)
  // "kB" means 1000 bytes wherever it is told apart.
  return text.replace('kB', 'KB')
}

/** 1536 → "1,536 bytes". */
export const formatExactBytes = (bytes: number, locale?: string): string =>
  new Intl.NumberFormat(locale, { style: 'unit', unit: 'byte', unitDisplay: 'long' }).format(bytes)

export const formatNumber = (value: number, locale?: string): string => new Intl.NumberFormat(locale).format(value)

/** Rounds down, so that 100 % is said only of what is whole. */
export function formatPercent(done: number, total: number, locale?: string): string {
  const share = total <= 0 ? 1 : Math.min(1, Math.max(0, done / total))
  return new Intl.NumberFormat(locale, { style: 'percent' }).format(Math.floor(share * 100) / 100)
}

export const formatSpeed = (bytesPerSecond: number, locale?: string): string => `${formatBytes(bytesPerSecond, locale)}/s`

/** 200 → "3 min 20 s"; two steps at most, and never less than a second. */
export function formatSeconds(seconds: number, locale?: string): string {
  const whole = Math.max(1, Math.round(seconds))
  const say = (value: number) => formatNumber(value, locale)
  if (whole < 60) return `${say(whole)} s`
  if (whole < 3600) return joined(`${say(Math.floor(whole / 60))} min`, whole % 60, (rest) => `${say(rest)} s`)
  const minutes = Math.round(whole / 60)
  if (minutes < 24 * 60) return joined(`${say(Math.floor(minutes / 60))} h`, minutes % 60, (rest) => `${say(rest)} min`)
  const hours = Math.round(minutes / 60)
  return joined(`${say(Math.floor(hours / 24))} d`, hours % 24, (rest) => `${say(rest)} h`)
}

const joined = (first: string, rest: number, say: (rest: number) => string): string => (rest === 0 ? first : `${first} ${say(rest)}`)

/** The reader's own time zone: "15 Jan 2026, 10:35". */
export const formatTime = (iso: string, locale?: string): string =>
  new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(iso))

/** The zone that times are shown in: "Europe/Berlin". */
export const timeZone = (): string => new Intl.DateTimeFormat().resolvedOptions().timeZone

/** With seconds and the zone's name, for details. */
export const formatFullTime = (iso: string, locale?: string): string =>
  new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'long' }).format(new Date(iso))

/** "2026-01-15 09:35:12 UTC". */
export const formatUtc = (iso: string): string => `${new Date(iso).toISOString().slice(0, 19).replace('T', ' ')} UTC`

/** "5 minutes ago", "in 2 days". */
export function formatAgo(iso: string, now: number, locale?: string): string {
  const seconds = Math.round((Date.parse(iso) - now) / 1000)
  const say = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })
  const size = Math.abs(seconds)
  if (size < 60) return say.format(seconds, 'second')
  if (size < 3600) return say.format(Math.trunc(seconds / 60), 'minute')
  if (size < 86_400) return say.format(Math.trunc(seconds / 3600), 'hour')
  return say.format(Math.trunc(seconds / 86_400), 'day')
}

export const formatMilliseconds = (milliseconds: number, locale?: string): string =>
  milliseconds >= 1000
    ? `${new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }).format(milliseconds / 1000)} s`
    : `${formatNumber(Math.max(1, Math.round(milliseconds)), locale)} ms`

/** "1 file", "3 files". */
export const count = (value: number, one: string, many = `${one}s`, locale?: string): string =>
  `${formatNumber(value, locale)} ${value === 1 ? one : many}`

/** The first characters of a digest or id, enough to tell two apart at a glance. */
export const short = (text: string, length = 12): string => (text.length > length + 1 ? `${text.slice(0, length)}…` : text)
