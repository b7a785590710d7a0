import { newId } from '../core/ids.ts'
import type { Database } from './database.ts'

const KEY = 'instance_id'

/** The id of this instance: made with the first call on a database, the same ever after, for all processes on it. */
export async function ensureInstanceId(database: Database): Promise<string> {
  const find = () => database.sql.selectFrom('meta').select('value').where('key', '=', KEY).executeTakeFirst()
  const found = await find()
  if (found) return found.value
  return await database.transaction(async (sql) => {
    await sql
      .insertInto('meta')
      .values({ key: KEY, value: newId() })
      .onConflict((conflict) => conflict.column('key').doNothing())
      .execute()
    return (await sql.selectFrom('meta').select('value').where('key', '=', KEY).executeTakeFirstOrThrow()).value
  })
}
