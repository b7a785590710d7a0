import { open } from 'node:fs/promises'
import { createServer } from 'node:http'
import BetterSqlite from 'better-sqlite3'

// The least that a server in Node does for a range of a plain file: parse, read, answer. No sign-in, no log, no digest. With the path of
// a database it also writes a row of the size of an audit entry there before it answers, and makes that durable.
const [path = '', databasePath] = process.argv.slice(2)
const file = await open(path, 'r')
const { size } = await file.stat()
const note = databasePath === undefined ? () => {} : openLog(databasePath)

function openLog(at: string): () => void {
  const database = new BetterSqlite(at)
  database.pragma('journal_mode = wal')
  database.pragma('synchronous = full')
  database.exec('create table entries (id integer primary key, row text)')
  const insert = database.prepare('insert into entries (row) values (?)')
  const row = 'x'.repeat(600)
  return () => void insert.run(row)
}

const server = createServer(async (request, response) => {
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
  const start = Number(from)
  const bytes = Buffer.allocUnsafe(Number(to) - start + 1)
  await file.read(bytes, 0, bytes.length, start)
  note()
  response.writeHead(206, { 'content-length': bytes.length, 'content-range': `bytes ${start}-${to}/${size}` }).end(bytes)
})
server.listen(0, '127.0.0.1', () => process.send?.(server.address()))
