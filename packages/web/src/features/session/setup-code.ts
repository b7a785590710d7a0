/** The one-time code in a link's fragment (`#code=…`), which browsers never send to a server; null where there is none. */
export function readSetupCode(hash: string): string | null {
  const code = new URLSearchParams(hash.replace(/^#/, '')).get('code')
  return code && code.length <= 200 ? code : null
}

/** The code as typed or pasted: spaces around it, or the whole link with the code in it, are fine. */
export function cleanSetupCode(text: string): string {
  const trimmed = text.trim()
  const fragment = trimmed.indexOf('#code=')
  return (fragment < 0 ? null : readSetupCode(trimmed.slice(fragment))) ?? trimmed
}
