import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { appendFile, chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, listens } from './ports.ts'

export type HostKeyKind = 'ed25519' | 'ecdsa' | 'rsa'
export type SshKey = { readonly privateKey: string; readonly publicKey: string; readonly path: string }

export type SshServer = {
  readonly host: string
  readonly port: number
  readonly user: string
  /** Null where the server does not run as root, which alone can check passwords. */
  readonly password: string | null
  /** Where the files of the user lie on this machine; `small` in it is a disk of 2 MiB and `frozen` a read-only one, as root. */
  readonly folder: string
  /** What `ssh-keygen -lf` says of a host key: `<algorithm> SHA256:…`. */
  hostKey(kind?: HostKeyKind): string
  /** Makes a key pair with ssh-keygen and lets it in. */
  key(options?: KeyOptions): Promise<SshKey>
  /** Makes new host keys; takes effect with `restart`. */
  changeHostKeys(): void
  /** Runs OpenSSH's own client in batch mode with `key`, as an independent reader and writer. */
  sftp(key: SshKey, commands: string, options?: { cipher?: string }): { status: number; output: string }
  kill(): Promise<void>
  /** What it has written to its log so far. */
  log(): string
  pause(): Promise<void>
  resume(): void
  restart(): Promise<void>
  stop(): Promise<void>
}
export type KeyOptions = { type?: HostKeyKind; passphrase?: string; cipher?: string; format?: 'PEM' | 'PKCS8'; authorize?: boolean }

const isRoot = (): boolean => process.getuid?.() === 0
const SSHD = '/usr/sbin/sshd'

function run(program: string, args: readonly string[], input = ''): string {
  const result = spawnSync(program, args, { encoding: 'utf8', input })
  if (result.status !== 0) throw new Error(`${program} ${args[0]} failed: ${result.stderr}${result.stdout}${result.error ?? ''}`)
  return result.stdout
}

/** A user of this machine for as long as the server runs, without a shell. As another user than root: that one, without a password. */
function makeUser(home: string): { name: string; password: string | null; remove: () => void } {
  if (!isRoot()) return { name: userInfo().username, password: null, remove: () => {} }
  const name = `hf-sftp-${randomBytes(4).toString('hex')}`
  const password = `Hold fast ${randomBytes(6).toString('hex')}`
  const hash = run('openssl', ['passwd', '-6', password]).trim()
  run('useradd', ['--no-create-home', '--home-dir', home, '--shell', '/usr/sbin/nologin', '--password', hash, name])
  return { name, password, remove: () => void spawnSync('userdel', ['--force', name]) }
}

const hostKeyKinds: HostKeyKind[] = ['ed25519', 'ecdsa', 'rsa']

function makeHostKeys(root: string): void {
  for (const kind of hostKeyKinds) {
    const path = join(root, `host_${kind}`)
    spawnSync('rm', ['-f', path, `${path}.pub`])
    run('ssh-keygen', ['-q', '-t', kind, '-N', '', '-f', path, ...(kind === 'rsa' ? ['-b', '2048'] : [])])
  }
}

function configuration(root: string, at: { port: number; user: string; extra: readonly string[] }): string {
  const own = at.extra.map((line) => line.split(' ')[0])
  const lines = [
    `Port ${at.port}`,
    'ListenAddress 127.0.0.1',
    'PidFile none',
    'UsePAM no',
    'StrictModes no',
    `AllowUsers ${at.user}`,
    `PasswordAuthentication ${isRoot() ? 'yes' : 'no'}`,
    'KbdInteractiveAuthentication no',
    `AuthorizedKeysFile ${root}/authorized_keys`,
    'PermitRootLogin prohibit-password',
    'MaxStartups 100',
    'MaxSessions 100',
    'LogLevel VERBOSE',
    'Subsystem sftp internal-sftp',
    'ForceCommand internal-sftp',
    ...(own.includes('HostKey') ? [] : hostKeyKinds.map((kind) => `HostKey ${root}/host_${kind}`)),
  ]
  return [...lines.filter((line) => !own.includes(line.split(' ')[0])), ...at.extra].join('\n')
}

/** Whether every thread of the process has stopped (proc(5), the third field of stat). */
const isStopped = (pid: number): boolean =>
  readdirSync(`/proc/${pid}/task`).every((task) => /^\d+ \(.*\) T/.test(readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8')))

/** The server and the children that it serves each connection with. */
function familyOf(pid: number): number[] {
  const children = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
    .stdout.split('\n')
    .map(Number)
    .filter(Boolean)
  return [pid, ...children.flatMap(familyOf)]
}

/** Starts OpenSSH's server on a loopback port with one user; `extra` lines replace those of the same keyword. */
export async function startSshd(extra: readonly string[] = []): Promise<SshServer> {
  if (!existsSync(SSHD)) throw new Error('sshd is missing; on Debian: apt-get install openssh-server')
  const root = await mkdtemp(join(tmpdir(), 'holdfast-sshd-'))
  await chmod(root, 0o755)
  const folder = join(root, 'files')
  for (const path of [folder, join(folder, 'small'), join(folder, 'frozen')]) await mkdir(path)
  await writeFile(join(root, 'authorized_keys'), '')
  if (isRoot()) await mkdir('/run/sshd', { recursive: true })
  const user = makeUser(folder)
  if (isRoot()) run('chown', ['-R', `${user.name}:`, folder])
  makeHostKeys(root)
  const port = await freePort()
  const file = join(root, 'sshd_config')
  await writeFile(file, configuration(root, { port, user: user.name, extra }))

  let log = ''
  const start = async (): Promise<ChildProcess> => {
    const mounts = [
      `mount -t tmpfs -o size=2m,mode=777 tmpfs ${folder}/small`,
      `mount -t tmpfs -o size=2m,mode=777 tmpfs ${folder}/frozen && mount -o remount,ro ${folder}/frozen`,
      `exec ${SSHD} -D -e -f ${file}`,
    ].join(' && ')
    const child = isRoot()
      ? spawn('unshare', ['-m', 'sh', '-c', mounts], { stdio: ['ignore', 'pipe', 'pipe'] })
      : spawn(SSHD, ['-D', '-e', '-f', file], { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        log += chunk
      })
    }
    for (let tries = 0; tries < 400; tries += 1) {
      if (child.exitCode !== null) throw new Error(`sshd stopped: ${log}`)
      if (await listens(port)) return child
      await sleep(25)
    }
    throw new Error(`sshd does not listen: ${log}`)
  }
  let child = await start()
  const signal = (name: NodeJS.Signals): void => {
    for (const pid of familyOf(child.pid ?? 0)) {
      try {
        process.kill(pid, name)
      } catch {}
    }
  }
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    signal('SIGKILL')
    await gone
  }
  const fingerprint = (kind: HostKeyKind): string => {
    const [, print = ''] = run('ssh-keygen', ['-l', '-f', join(root, `host_${kind}.pub`)]).split(' ')
    const [algorithm = ''] = readFileSync(join(root, `host_${kind}.pub`), 'utf8').split(' ')
    return `${algorithm} ${print}`
  }
  let keys = 0
  return {
    ...{ host: '127.0.0.1', port, user: user.name, password: user.password, folder },
    hostKey: (kind = 'ed25519') => fingerprint(kind),
    async key({ type = 'ed25519', passphrase = '', cipher, format, authorize = true } = {}) {
      keys += 1
      const path = join(root, `key_${keys}`)
      const size = type === 'rsa' ? ['-b', '2048'] : []
      const sealed = [...(cipher ? ['-Z', cipher] : []), ...(format ? ['-m', format] : [])]
      run('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-f', path, ...size, ...sealed])
      const [privateKey, publicKey] = [readFileSync(path, 'utf8'), readFileSync(`${path}.pub`, 'utf8')]
      if (authorize) await appendFile(join(root, 'authorized_keys'), publicKey)
      return { privateKey, publicKey, path }
    },
    changeHostKeys: () => makeHostKeys(root),
    sftp(key, commands, { cipher } = {}) {
      const options = ['BatchMode=yes', 'StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'IdentitiesOnly=yes', 'LogLevel=ERROR']
      const own = [...options.flatMap((option) => ['-o', option]), ...(cipher ? ['-c', cipher] : [])]
      const args = ['-b', '-', '-P', String(port), '-i', key.path, ...own, `${user.name}@127.0.0.1`]
      const result = spawnSync('sftp', args, { encoding: 'utf8', input: commands })
      return { status: result.status ?? 1, output: result.stdout + result.stderr }
    },
    kill,
    log: () => log,
    async pause() {
      signal('SIGSTOP')
      while (!familyOf(child.pid ?? 0).every(isStopped)) await sleep(5)
    },
    resume: () => signal('SIGCONT'),
    async restart() {
      await kill()
      child = await start()
    },
    async stop() {
      await kill()
      user.remove()
      await rm(root, { recursive: true, force: true })
    },
  }
}
