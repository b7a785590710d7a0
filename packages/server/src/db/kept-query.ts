import { type Compilable, CompiledQuery, PostgresAdapter, type QueryResult } from 'kysely'
import type { Sql } from './database.ts'

/** Stands in a query for the value of this name. */
class StandIn {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

type Kept = { readonly text: string; readonly parameters: readonly unknown[] }

/**
 * A query whose text is made once, for those that every request runs: Kysely takes longer to build a large one than the database takes
 * to run it. `build` may only put the values it is given into the query, each as one value: it gets stand-ins, and not the values.
 */
export function keptQuery<Values extends object, Row>(build: (sql: Sql, values: Values) => Compilable<Row>) {
  const kept: { sqlite?: Kept; postgres?: Kept } = {}
  const make = (sql: Sql): Kept => {
    const standIns = new Proxy({}, { get: (_, name) => new StandIn(String(name)) }) as Values
    const { sql: text, parameters } = build(sql, standIns).compile()
    return { text, parameters }
  }
  return (sql: Sql, values: Values): Promise<QueryResult<Row>> => {
    const kind = sql.getExecutor().adapter instanceof PostgresAdapter ? 'postgres' : 'sqlite'
    kept[kind] ??= make(sql)
    const { text, parameters } = kept[kind]
    const given = parameters.map((each) => (each instanceof StandIn ? values[each.name as keyof Values] : each))
    return sql.executeQuery(CompiledQuery.raw(text, given) as CompiledQuery<Row>)
  }
}
