import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { betterAuth } from 'better-auth'
import type { Database } from '../src/db/database.ts'
import { migrated, type Places } from './database-places.ts'

const SECRET = 'only for this test, as long as better-auth asks for'

const accounts = (database: Database) =>
  betterAuth({
    database: { db: database.writer, type: database.kind, transaction: true },
    emailAndPassword: { enabled: true },
    baseURL: 'http://localhost',
    secret: SECRET,
    telemetry: { enabled: false },
    logger: { disabled: true },
  })

/** The tables of 0001 are those that better-auth expects of its database (N3). */
export function accountsContract(places: Places): void {
  suite(`accounts on ${places.name}`, () => {
    test('N3: better-auth signs people up, in and out on our tables and connection', async () => {
      await using place = await places.create()
      const database = await migrated(place)
      const { api } = accounts(database)
      const person = { email: 'Ada@example.org', password: 'correct horse battery' }
      const { user } = await api.signUpEmail({ body: { ...person, name: 'Ada' } })
      await assert.rejects(api.signUpEmail({ body: { ...person, name: 'Eve' } }), { status: 'UNPROCESSABLE_ENTITY' })
      await assert.rejects(api.signInEmail({ body: { ...person, password: 'wrong horse battery' } }), { status: 'UNAUTHORIZED' })
      const { headers } = await api.signInEmail({ body: person, returnHeaders: true })
      const cookie = headers
        .getSetCookie()
        .map((line) => line.split(';')[0])
        .join('; ')
      const session = await api.getSession({ headers: new Headers({ cookie }) })
      assert.equal(session?.user.id, user.id)
      assert.ok(session.session.expiresAt.getTime() > Date.now())
      await api.signOut({ headers: new Headers({ cookie }) })
      assert.equal(await api.getSession({ headers: new Headers({ cookie }) }), null)
      const rows = await database.sql.selectFrom('user').select(['id', 'email']).execute()
      assert.deepEqual(rows, [{ id: user.id, email: 'ada@example.org' }])
    })

    test('N3 N1: signing up beside transactions of ours harms neither', async () => {
      await using place = await places.create()
      const database = await migrated(place)
      const { api } = accounts(database)
      const signUps = Array.from({ length: 4 }, (_, index) =>
        api.signUpEmail({ body: { email: `p${index}@example.org`, password: 'correct horse', name: 'P' } }),
      )
      const ours = Array.from({ length: 40 }, (_, index) =>
        database.transaction((sql) =>
          sql
            .insertInto('meta')
            .values({ key: `k${index}`, value: '' })
            .execute(),
        ),
      )
      await Promise.all([...signUps, ...ours])
      const count = async (table: 'user' | 'meta') =>
        (
          await database.sql
            .selectFrom(table)
            .select(({ fn }) => fn.countAll<number>().as('n'))
            .executeTakeFirstOrThrow()
        ).n
      assert.deepEqual([await count('user'), await count('meta')], [4, 40])
    })
  })
}
