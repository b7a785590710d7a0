import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, listens } from './ports.ts'

/** The five configurations that users meet. */
export const sambaModes = {
  'encryption-required': ['server min protocol = SMB3', 'server smb encrypt = required'],
  'encryption-off': ['server min protocol = SMB3', 'server smb encrypt = off'],
  'encryption-default': ['server min protocol = SMB2', 'server smb encrypt = default', 'host msdfs = no'],
  'smb2-only': ['server min protocol = SMB2', 'server max protocol = SMB2_10'],
  'ccm-only': ['server min protocol = SMB3', 'server smb encrypt = required', 'server smb3 encryption algorithms = AES-128-CCM'],
} as const
export type SambaMode = keyof typeof sambaModes

export type SambaServer = {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly share: string
  readonly readOnlyShare: string
  /** Where the files of `share` lie on this machine; `small` in it is a disk of 2 MiB, as root. */
  readonly folder: string
  /** Runs Debian's own client against the share, as an independent reader and writer. */
  smbclient(command: string, options?: { share?: string }): { status: number; output: string }
  kill(): Promise<void>
  restart(): Promise<void>
  stop(): Promise<void>
}

const need = (program: string) => {
  if (spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0)
    throw new Error(`${program} is missing; on Debian: apt-get install samba smbclient`)
}

const password = 'Hold-fast 1'

function configuration(root: string, options: { port: number; mode: SambaMode; user: string; extra: readonly string[] }): string {
  return [
    '[global]',
    'workgroup = WORKGROUP',
    'security = user',
    'map to guest = Never',
    'disable netbios = yes',
    'load printers = no',
    'interfaces = 127.0.0.1/8',
    'bind interfaces only = yes',
    `smb ports = ${options.port}`,
    `private dir = ${root}/private`,
    `lock directory = ${root}/lock`,
    `state directory = ${root}/state`,
    `cache directory = ${root}/cache`,
    `pid directory = ${root}/pid`,
    `ncalrpc dir = ${root}/ncalrpc`,
    `passdb backend = tdbsam:${root}/private/passdb.tdb`,
    `log file = ${root}/log.smbd`,
    'log level = 1',
    'strict sync = yes',
    'mangled names = no',
    ...sambaModes[options.mode],
    ...options.extra,
    '[evidence]',
    `path = ${root}/evidence`,
    'read only = no',
    `force user = ${options.user}`,
    '[archive]',
    `path = ${root}/evidence`,
    'read only = yes',
    `force user = ${options.user}`,
  ].join('\n')
}

/** Starts Samba on a loopback port with one user and two shares; everything lives in a temporary folder. */
export async function startSamba(mode: SambaMode, extra: readonly string[] = []): Promise<SambaServer> {
  need('smbd')
  need('smbclient')
  const root = await mkdtemp(join(tmpdir(), 'holdfast-samba-'))
  await chmod(root, 0o755)
  for (const name of ['private', 'lock', 'state', 'cache', 'pid', 'ncalrpc', 'evidence']) await mkdir(join(root, name))
  const user = process.getuid?.() === 0 ? 'nobody' : (process.env.USER ?? 'nobody')
  await chmod(join(root, 'evidence'), 0o777)
  await mkdir(join(root, 'evidence', 'small'))
  const port = await freePort()
  const file = join(root, 'smb.conf')
  await writeFile(file, configuration(root, { port, mode, user, extra }))
  const added = spawnSync('smbpasswd', ['-c', file, '-a', '-s', user], { input: `${password}\n${password}\n`, encoding: 'utf8' })
  if (added.status !== 0) throw new Error(`smbpasswd failed: ${added.stderr}${added.stdout}`)

  const start = async () => {
    const smbd = `smbd --foreground --no-process-group -s ${file} --debug-stdout`
    const mounted = `mount -t tmpfs -o size=2m,mode=777 tmpfs ${root}/evidence/small && exec ${smbd}`
    const [program, args] = process.getuid?.() === 0 ? ['unshare', ['-m', 'sh', '-c', mounted]] : ['sh', ['-c', `exec ${smbd}`]]
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    let log = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (log += chunk))
    for (let tries = 0; tries < 200; tries++) {
      if (child.exitCode !== null) throw new Error(`smbd stopped: ${log}`)
      if (await listens(port)) return child
      await sleep(25)
    }
    throw new Error(`smbd does not listen: ${log}`)
  }
  let child = await start()
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    try {
      process.kill(-child.pid!, 'SIGKILL')
    } catch {
      child.kill('SIGKILL')
    }
    await gone
  }
  return {
    host: '127.0.0.1',
    port,
    user,
    password,
    share: 'evidence',
    readOnlyShare: 'archive',
    folder: join(root, 'evidence'),
    smbclient(command, options = {}) {
      const result = spawnSync(
        'smbclient',
        [`//127.0.0.1/${options.share ?? 'evidence'}`, '-s', file, '-p', String(port), '-U', `${user}%${password}`, '-c', command],
        { encoding: 'utf8' },
      )
      return { status: result.status ?? 1, output: result.stdout + result.stderr }
    },
    kill,
    async restart() {
      await kill()
      child = await start()
    },
    async stop() {
      await kill()
      await rm(root, { recursive: true, force: true })
    },
  }
}
