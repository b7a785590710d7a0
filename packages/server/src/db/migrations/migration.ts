/** The words in which the two databases differ. Part of every migration's checksum, so they never change either. */
export type Words = {
  readonly kind: 'sqlite' | 'postgres'
  /** Ids, keys, hashes in hex: compared byte by byte on both databases, so that keyset pages have one order. */
  readonly id: string
  readonly text: string
  /** 8 bytes, signed. */
  readonly int: string
  /** 0 or 1. */
  readonly flag: string
  readonly bytes: string
  /** better-auth's own booleans and times: real ones on PostgreSQL, 0/1 and ISO 8601 text on SQLite. */
  readonly authFlag: string
  readonly authTime: string
  /** Ends a table: types are enforced on SQLite as they are on PostgreSQL. */
  readonly table: string
  /** Ends a small table that is looked up by its primary key alone. */
  readonly keyed: string
}

export type Migration = {
  readonly name: string
  /** Plain SQL, run in order in one transaction. Never changed once released: the checksum of the text is recorded. */
  statements(words: Words): readonly string[]
}

export const sqliteWords: Words = {
  kind: 'sqlite',
  id: 'text',
  text: 'text',
  int: 'integer',
  flag: 'integer',
  bytes: 'blob',
  authFlag: 'integer',
  authTime: 'text',
  table: 'strict',
  keyed: 'strict, without rowid',
}

export const postgresWords: Words = {
  kind: 'postgres',
  id: 'text collate "C"',
  text: 'text',
  int: 'bigint',
  flag: 'smallint',
  bytes: 'bytea',
  authFlag: 'boolean',
  authTime: 'timestamptz',
  table: '',
  keyed: '',
}
