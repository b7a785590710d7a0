import { systemClock } from '../src/core/clock.ts'
import { type CrashPointName, crashAt } from '../src/core/crash-point.ts'
import { lockDataFolder } from '../src/db/folder-lock.ts'
import { migrate } from '../src/db/migrate.ts'
import { openPostgres } from '../src/db/postgres.ts'
import { openSqlite } from '../src/db/sqlite.ts'
import { createWorker } from '../src/jobs/worker.ts'
import { storeOn, TEST_VERSION } from './database-places.ts'

// Another process on the same database, for the tests that need one: `command address [argument]`. Prints a line for each step.
const [command, address, argument] = process.argv.slice(2) as [string, string, string]
const open = () => (address.startsWith('postgres') ? openPostgres(address, { connections: 2 }) : openSqlite(address))
const say = (line: string) => process.stdout.write(`${line}\n`)

const commands: Record<string, () => Promise<void>> = {
  /** Adds 1 to a counter as often as `argument` says, reading it first. */
  async count() {
    await using database = await open()
    for (let left = Number(argument); left > 0; left--) {
      await database.transaction(async (sql) => {
        const row = await sql.selectFrom('meta').select('value').where('key', '=', 'counter').executeTakeFirstOrThrow()
        await sql
          .updateTable('meta')
          .set({ value: String(Number(row.value) + 1) })
          .where('key', '=', 'counter')
          .execute()
      })
    }
  },
  /** Commits rows one by one, naming each once it is committed, until it is killed. */
  async insert() {
    const database = await open()
    for (let index = 0; ; index++) {
      await database.transaction((sql) =>
        sql
          .insertInto('meta')
          .values({ key: `row${index}`, value: 'x' })
          .execute(),
      )
      say(String(index))
    }
  },
  /** Writes a row and stands still before its commit, until it is killed. */
  async hang() {
    const database = await open()
    await database.transaction(async (sql) => {
      await sql.insertInto('meta').values({ key: 'unfinished', value: 'x' }).execute()
      say('written')
      await systemClock.sleep(600_000)
    })
  },
  async migrate() {
    await using database = await open()
    const points = argument ? crashAt(argument as CrashPointName) : undefined
    const names = await migrate(database, { clock: systemClock, version: TEST_VERSION, ...(points ? { points } : {}) })
    say(JSON.stringify(names))
  },
  async lock() {
    using _lock = lockDataFolder(address)
    say('locked')
    await systemClock.sleep(600_000)
  },
  /** Runs one job, which says what attempt it is, up to the crash point. */
  async work() {
    const database = await open()
    const logger = { info: () => {}, warn: () => {}, error: () => {} }
    const handler = { kind: 'test', handle: async (job: { attempt: number }) => void say(`attempt ${job.attempt}`) }
    const points = crashAt(argument as CrashPointName)
    createWorker({ store: storeOn(database), handlers: [handler], clock: systemClock, logger, points, leaseMilliseconds: 500 }).start()
  },
}
await commands[command]?.()
