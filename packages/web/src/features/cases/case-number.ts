/** Says what is wrong with a case number as typed, or null. The rule is CaseNumber of the API. */
export function caseNumberFault(typed: string): string | null {
  const number = typed.trim()
  if (number === '') return 'Enter a case number.'
  if (!/^[A-Za-z0-9]/.test(number)) return 'Start with a letter or a digit.'
  const wrong = /[^A-Za-z0-9._-]/u.exec(number)?.[0]
  if (wrong) return wrong.trim() === '' ? 'Use a dash instead of a space.' : `“${wrong}” can't be in a case number.`
  return number.length > 64 ? `Use at most 64 characters; this has ${number.length}.` : null
}
