/**
 * A record of RFC 4180, ended by CRLF. A cell that a spreadsheet would take for a formula (OWASP, "CSV Injection") is
 * made text by a quote in front of it.
 */
export const csvRecord = (cells: readonly (string | number | null)[]): string => `${cells.map(toCell).join(',')}\r\n`

function toCell(value: string | number | null): string {
  if (value === null) return ''
  if (typeof value === 'number') return String(value)
  const text = /^[=+\-@\t\r\n＝＋－＠]/u.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) || text !== value ? `"${text.replaceAll('"', '""')}"` : text
}
