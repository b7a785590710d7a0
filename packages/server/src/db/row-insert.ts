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
