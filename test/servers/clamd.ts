import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './ports.ts'

/** The test file of EICAR, put together here so that no scanner takes this source for it. */
export const eicar = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR', '-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join('')
/** What the second signature finds. */
export const ownMalware = 'holdfast: found by a signature of our own'

export type ClamdServer = {
  readonly host: string
  readonly port: number
  readonly socketPath: string
  kill(): Promise<void>
  /** Starts it again on the same addresses. */
  restart(): Promise<void>
  stop(): Promise<void>
}

const program = '/usr/sbin/clamd'

/** What the daemon says to `VERSION`, or null while it does not listen. */
async function version(port: number): Promise<string | null> {
  const socket = connectTcp(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    socket.write('zVERSION\0')
    const [answer] = await once(socket, 'data')
    return String(answer)
  } catch {
    return null
  } finally {
    socket.destroy()
  }
}

const hex = (text: string): string => Buffer.from(text, 'latin1').toString('hex')
const signatures = [`Eicar-Test:0:*:${hex(eicar)}`, `Own-Test:0:*:${hex(ownMalware)}`].join('\n')

function startProcess(file: string) {
  const child = spawn(program, ['-c', file], { stdio: ['ignore', 'pipe', 'pipe'] })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (log += chunk))
  return { child, log: () => log }
}

/** Starts ClamAV on a loopback port and a socket, with two signatures of its own; everything lives in a temporary folder. */
export async function startClamd(settings: readonly string[] = ['AlertExceedsMax yes']): Promise<ClamdServer> {
  if (!existsSync(program)) throw new Error('clamd is missing; on Debian: apt-get install clamav-daemon')
  const root = await mkdtemp(join(tmpdir(), 'holdfast-clamd-'))
  await mkdir(join(root, 'signatures'))
  await writeFile(join(root, 'signatures', 'own.ndb'), `${signatures}\n`)
  const port = await freePort()
  const socketPath = join(root, 'clamd.sock')
  const user = spawnSync('id', ['-un'], { encoding: 'utf8' }).stdout.trim()
  const lines = ['Foreground yes', `DatabaseDirectory ${root}/signatures`, `TemporaryDirectory ${root}`, `LocalSocket ${socketPath}`]
  const file = join(root, 'clamd.conf')
  await writeFile(file, `${[...lines, `TCPSocket ${port}`, 'TCPAddr 127.0.0.1', `User ${user}`, 'MaxThreads 2', ...settings].join('\n')}\n`)

  const start = async () => {
    const { child, log } = startProcess(file)
    for (let tries = 0; tries < 400; tries++) {
      if (child.exitCode !== null) throw new Error(`clamd stopped: ${log()}`)
      if ((await version(port)) !== null) return child
      await sleep(50)
    }
    throw new Error(`clamd does not listen: ${log()}`)
  }
  let child = await start()
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
  return {
    host: '127.0.0.1',
    port,
    socketPath,
    kill,
    async restart() {
      await kill()
      await rm(socketPath, { force: true })
      child = await start()
    },
    async stop() {
      await kill()
      await rm(root, { recursive: true, force: true })
    },
  }
}
