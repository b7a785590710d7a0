/** Reads search parameters of the address bar: anything that is not what a page expects is left out. */
export type Raw = Record<string, unknown>

export const textOf = (value: unknown, max = 200): string | undefined => {
  const text = typeof value === 'number' ? String(value) : value
  return typeof text === 'string' && text !== '' && text.length <= max ? text : undefined
}

export const oneOf = <const T extends string>(value: unknown, choices: readonly T[]): T | undefined =>
  choices.find((choice) => choice === value)

/** A calendar day, `2026-01-15`. */
export const dayOf = (value: unknown): string | undefined => {
  const text = textOf(value, 10)
  return text && /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) ? text : undefined
}

const nowhere = 'http://here.invalid'

/**
 * A path inside this app, read by the same rules that browsers follow: never another origin, however it is spelt
 * (`//host`, `/\host`, with tabs inside), and never back to the sign-in page.
 */
export const innerPathOf = (value: unknown): string | undefined => {
  const text = textOf(value, 2000)
  if (!text?.startsWith('/') || !URL.canParse(text, nowhere)) return undefined
  const { origin, pathname, search } = new URL(text, nowhere)
  // "/.//host" becomes "//host" once its dots are resolved.
  const isPage = origin === nowhere && !pathname.startsWith('//') && !/^\/(sign-in|setup)\b/.test(pathname)
  return isPage ? `${pathname}${search}` : undefined
}

/** Drops members that are undefined, so that addresses stay short. */
export function present<T extends object>(search: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }
}
