import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chown, mkdtemp, readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { freePort } from './ports.ts'

const run = promisify(execFile)

export type PostgresServer = {
  /** Of an empty database of its own, as a role that owns it and has no other rights: no superuser, so that policies hold. */
  readonly url: string
  /** Another empty database on the same server. */
  createDatabase(): Promise<string>
  /** Ends the server once everyone in this process who started it has stopped it. */
  stop(): Promise<void>
}

let shared: Promise<Cluster> | null = null
let users = 0

/**
 * Starts a throw-away PostgreSQL with fsync on, as an unprivileged user, on the loopback interface; one for all callers in
 * this process. It ends with this process, however that ends. Rejects with what to install where there is none.
 */
export async function startPostgres(): Promise<PostgresServer> {
  users += 1
  shared ??= startCluster()
  const cluster = await shared
  return {
    url: await cluster.createDatabase(),
    createDatabase: cluster.createDatabase,
    async stop() {
      users -= 1
      if (users > 0) return
      shared = null
      await cluster.stop()
    },
  }
}

const SUPERUSER = 'postgres'

type Cluster = { createDatabase(): Promise<string>; stop(): Promise<void> }

async function startCluster(): Promise<Cluster> {
  const programs = await findPrograms()
  const account = await unprivilegedAccount()
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-pg-'))
  if (account) await chown(directory, account.uid, account.gid)
  const data = join(directory, 'data')
  const secret = randomBytes(16).toString('hex')
  await run(join(programs, 'initdb'), ['-D', data, '-U', SUPERUSER, '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'], {
    ...account,
    cwd: '/',
  })
  const port = await freePort()
  const server = startServer(directory, [join(programs, 'postgres'), '-D', data, '-k', directory, '-p', String(port), ...settings], account)
  const admin = `postgres://${SUPERUSER}:${secret}@127.0.0.1:${port}/postgres`
  await waitUntilReady(admin, server)
  return {
    createDatabase: () => createDatabase(admin),
    stop: server.stop,
  }
}

const settings = [
  'listen_addresses=127.0.0.1',
  'max_connections=100',
  'shared_buffers=64MB',
  'max_wal_size=1GB',
  'autovacuum_naptime=5s',
].flatMap((setting) => ['-c', setting])

async function findPrograms(): Promise<string> {
  const root = '/usr/lib/postgresql'
  const versions = await readdir(root).catch(() => [])
  const newest = versions
    .map(Number)
    .filter(Number.isFinite)
    .sort((a, b) => b - a)[0]
  if (newest === undefined) {
    throw new Error(`PostgreSQL's server is not installed (nothing at ${root}). Install it: apt-get install postgresql`)
  }
  return join(root, String(newest), 'bin')
}

type Account = { readonly uid: number; readonly gid: number }

/** PostgreSQL refuses to run as root. */
async function unprivilegedAccount(): Promise<Account | null> {
  if (process.getuid?.() !== 0) return null
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'))
  const account = lines.find(([name]) => name === 'postgres') ?? lines.find(([name]) => name === 'nobody')
  if (!account) throw new Error('There is neither a user postgres nor a user nobody to run PostgreSQL as')
  return { uid: Number(account[2]), gid: Number(account[3]) }
}

type Server = { ended: Promise<void>; output: () => string; stop(): Promise<void> }

/**
 * The shell ends the server and removes its directory when the shell's input closes: that happens by itself when this process
 * is gone, even when it was killed.
 */
const keeper = `
directory=$1; shift
exec 3<&0
"$@" </dev/null & server=$!
(cat >/dev/null; kill -QUIT $server) <&3 2>/dev/null &
wait $server
rm -rf "$directory"`

function startServer(directory: string, command: readonly string[], account: Account | null): Server {
  const child = spawn('/bin/sh', ['-c', keeper, 'sh', directory, ...command], { ...account, cwd: '/', stdio: ['pipe', 'ignore', 'pipe'] })
  let output = ''
  child.stderr.on('data', (text: Buffer) => {
    output = (output + text).slice(-4000)
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const handles = [child, child.stdin, child.stderr] as unknown as { ref(): void; unref(): void }[]
  // A test process that forgot to stop the server still ends.
  for (const handle of handles) handle.unref()
  return {
    ended,
    output: () => output,
    async stop() {
      for (const handle of handles) handle.ref()
      child.stdin.end()
      await ended
    },
  }
}

async function waitUntilReady(url: string, server: Server): Promise<void> {
  let gone = false
  void server.ended.then(() => {
    gone = true
  })
  for (let attempt = 0; attempt < 600 && !gone; attempt++) {
    const client = new pg.Client(url)
    try {
      await client.connect()
      return await client.end()
    } catch {
      await client.end().catch(() => {})
      await sleep(50)
    }
  }
  throw new Error(`PostgreSQL did not start: ${server.output()}`)
}

async function createDatabase(admin: string): Promise<string> {
  const name = `test_${randomBytes(6).toString('hex')}`
  const client = new pg.Client(admin)
  await client.connect()
  await client.query(`create role ${name} login`)
  await client.query(`create database ${name} owner ${name}`)
  await client.end()
  const url = new URL(admin)
  url.pathname = `/${name}`
  url.username = name
  return url.href
}

/** The same database as the superuser of the server. */
export function asSuperuser(url: string): string {
  const own = new URL(url)
  own.username = SUPERUSER
  return own.href
}
