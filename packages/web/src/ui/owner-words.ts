const type = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/
const id = /^[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}$/

/** What is wrong with the type of an owner, as the API takes it; null where nothing is. */
export const ownerTypeFault = (text: string): string | null =>
  type.test(text) ? null : 'Begins with a letter; then letters, digits, _ and -, 64 at most.'

export const ownerIdFault = (text: string): string | null =>
  id.test(text) ? null : 'Begins with a letter or digit; then also . _ : @ and -, 128 at most.'
