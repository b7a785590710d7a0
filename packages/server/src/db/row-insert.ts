import { CompiledQuery, type Insertable, PostgresAdapter } from 'kysely'
import type { Sql } from './database.ts'
import type { Schema } from './schema.ts'

/** Inserts rows of one shape: `row` has the same columns in the same order each time. */
export type InsertRow<T extends keyof Schema> = (sql: Sql, row: Insertable<Schema[T]>) => Promise<void>

/**
 * An insert whose text is made once. For the rows that every change writes: building the text anew takes about as long as the
 * database takes to insert the row.
 */
export function rowInsert<T extends keyof Schema>(table: T): InsertRow<T> {
  let shape: { readonly columns: string; readonly sqlite: string; readonly postgres: string } | null = null
  return async (sql, row) => {
    const columns = Object.keys(row)
    const joined = columns.join('", "')
    if (shape?.columns !== joined) shape = { columns: joined, ...texts(table, columns) }
    const text = sql.getExecutor().adapter instanceof PostgresAdapter ? shape.postgres : shape.sqlite
    await sql.executeQuery(CompiledQuery.raw(text, Object.values(row)))
  }
}

const texts = (table: string, columns: readonly string[]) => {
  const into = `insert into "${table}" ("${columns.join('", "')}") values `
  return {
    sqlite: `${into}(${columns.map(() => '?').join(', ')})`,
    postgres: `${into}(${columns.map((_, index) => `$${index + 1}`).join(', ')})`,
  }
}

/** Inserts several rows of one shape with one statement, up to some thousand values; `ending` comes after the values. */
export type InsertRows<T extends keyof Schema> = (sql: Sql, rows: readonly Insertable<Schema[T]>[]) => Promise<void>

/** As `rowInsert`, for groups. The text for the size that came last is kept, since most groups are full. */
export function rowsInsert<T extends keyof Schema>(table: T, ending = ''): InsertRows<T> {
  let kept = { shape: '', text: '' }
  return async (sql, rows) => {
    const [first] = rows
    if (!first) return
    const columns = Object.keys(first)
    const postgres = sql.getExecutor().adapter instanceof PostgresAdapter
    const shape = `${postgres} ${rows.length} ${columns.join()}`
    if (kept.shape !== shape) kept = { shape, text: groupText({ table, columns, rows: rows.length, postgres }) + ending }
    await sql.executeQuery(
      CompiledQuery.raw(
        kept.text,
        rows.flatMap((row) => Object.values(row)),
      ),
    )
  }
}

function groupText(of: { table: string; columns: readonly string[]; rows: number; postgres: boolean }): string {
  const width = of.columns.length
  const row = (at: number): string => `(${of.columns.map((_, index) => (of.postgres ? `$${at * width + index + 1}` : '?')).join(', ')})`
  return `insert into "${of.table}" ("${of.columns.join('", "')}") values ${Array.from({ length: of.rows }, (_, at) => row(at)).join(', ')}`
}
