import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type GoProgram, goProgram } from './go-programs.ts'
import { freePort, listens } from './ports.ts'

export type S3Server = {
  readonly name: GoProgram
  readonly endpoint: string
  readonly port: number
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** The certificate it shows where it was started with TLS. */
  readonly certificate: string | null
  /** Where it keeps its data on this machine. */
  readonly folder: string
  kill(): Promise<void>
  /** Stops it as if it hung: connections are accepted, nothing is answered. */
  pause(): Promise<void>
  resume(): void
  restart(): Promise<void>
  stop(): Promise<void>
}

/** `ready`: answers once it can store, where that is later than that it listens. */
type Launch = { args: string[]; env: Record<string, string>; ready?: () => Promise<boolean> }
type At = { port: number; ports: readonly number[]; folder: string; tls: boolean; versioning: boolean; sidecar: boolean }
const accessKeyId = 'holdfast-test'
const secretAccessKey = 'holdfast-test-secret-key'
const region = 'us-east-1'

const launches: Record<GoProgram, (at: At) => Launch> = {
  versitygw: ({ port, folder, tls, versioning, sidecar }) => ({
    args: [
      ...['--port', `127.0.0.1:${port}`, '--quiet', '--region', region, '--keep-alive', '--iam-dir', join(folder, 'iam')],
      ...(tls ? ['--cert', join(folder, 'cert.pem'), '--key', join(folder, 'key.pem')] : []),
      ...['posix', ...(versioning ? ['--versioning-dir', join(folder, 'versions')] : [])],
      ...[...(sidecar ? ['--sidecar', join(folder, 'sidecar')] : []), join(folder, 'data')],
    ],
    env: { ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey },
  }),
  minio: ({ port, folder, tls }) => ({
    args: ['server', '--quiet', '--address', `127.0.0.1:${port}`, ...(tls ? ['--certs-dir', folder] : []), join(folder, 'data')],
    env: {
      MINIO_ROOT_USER: accessKeyId,
      MINIO_ROOT_PASSWORD: secretAccessKey,
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
      MINIO_CI_CD: '1',
      MINIO_KMS_SECRET_KEY: `holdfast-key:${Buffer.alloc(32, 7).toString('base64')}`,
    },
  }),
  seaweedfs: ({ port, ports, folder, tls }) => ({
    args: [
      ...['server', '-dir', join(folder, 'data'), '-ip', '127.0.0.1', '-ip.bind', '127.0.0.1', '-volume.max', '5000', '-filer', '-s3'],
      ...['-master.volumeSizeLimitMB', '64', '-s3.port', String(port), '-s3.config', join(folder, 's3.json')],
      ...['-s3.port.iceberg', '0', '-s3.port.lance', '0'],
      ...weedPorts.flatMap((name, index) => [`-${name}`, String(ports[index])]),
      ...(tls ? ['-s3.cert.file', join(folder, 'cert.pem'), '-s3.key.file', join(folder, 'key.pem')] : []),
    ],
    env: { WEED_S3_SSE_KEY: 'holdfast', WEED_MASTER_VOLUME_GROWTH_COPY_1: '1', TMPDIR: folder },
    ready: () => canStore(ports[0] ?? 0),
  }),
}

/** What SeaweedFS listens on beside S3. */
const weedPorts = ['master.port', 'master.port.grpc', 'volume.port', 'volume.port.grpc', 'filer.port', 'filer.port.grpc', 's3.port.grpc']

/** Whether the master of SeaweedFS knows a volume server that takes bytes. */
const canStore = async (masterPort: number): Promise<boolean> => {
  const answer = await fetch(`http://127.0.0.1:${masterPort}/dir/assign`).catch(() => null)
  return answer !== null && 'fid' in ((await answer.json()) as object)
}

const weedUsers = {
  identities: [{ name: 'holdfast', credentials: [{ accessKey: accessKeyId, secretKey: secretAccessKey }], actions: ['Admin'] }],
}

function makeCertificate(folder: string): string {
  const made = spawnSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=localhost'].concat([
      '-addext',
      'subjectAltName=DNS:localhost,IP:127.0.0.1',
      '-keyout',
      join(folder, 'key.pem'),
      '-out',
      join(folder, 'cert.pem'),
    ]),
    { encoding: 'utf8' },
  )
  if (made.status !== 0) throw new Error(`openssl failed: ${made.stderr}`)
  for (const [from, to] of [
    ['key.pem', 'private.key'],
    ['cert.pem', 'public.crt'],
  ] as const) {
    spawnSync('cp', [join(folder, from), join(folder, to)])
  }
  return join(folder, 'cert.pem')
}

/** Whether every thread of the process has stopped (proc(5), the third field of stat). */
const isStopped = (pid: number): boolean =>
  readdirSync(`/proc/${pid}/task`).every((task) => /^\d+ \(.*\) T/.test(readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8')))

export type S3Start = {
  readonly tls?: boolean
  /** Buckets of versitygw may keep versions. */
  readonly versioning?: boolean
  /** What versitygw notes of objects lies beside them: as extended attributes, ext4 takes a few hundred parts of one upload alone. */
  readonly sidecar?: boolean
}

/** Starts an S3 server on a loopback port; everything lives in a temporary folder. */
export async function startS3(name: GoProgram, options: S3Start = {}): Promise<S3Server> {
  const program = goProgram(name)
  const folder = await mkdtemp(join(tmpdir(), `holdfast-${name}-`))
  for (const part of ['data', 'iam', 'versions', 'sidecar']) await mkdir(join(folder, part))
  const tls = options.tls ?? false
  const certificate = tls ? makeCertificate(folder) : null
  const port = await freePort()
  const ports = await Promise.all(weedPorts.map(freePort))
  await writeFile(join(folder, 's3.json'), JSON.stringify(weedUsers))
  const {
    args,
    env,
    ready = async () => true,
  } = launches[name]({ ...{ port, ports, folder, tls }, versioning: options.versioning ?? false, sidecar: options.sidecar ?? false })

  const start = async (): Promise<ChildProcess> => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, HOME: folder, ...env } })
    let log = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        log = (log + chunk).slice(-10_000)
      })
    }
    for (let tries = 0; tries < 400; tries += 1) {
      if (child.exitCode !== null) throw new Error(`${name} stopped: ${log}`)
      if ((await listens(port)) && (await ready())) return child
      await sleep(25)
    }
    throw new Error(`${name} does not listen: ${log}`)
  }
  let child = await start()
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
  return {
    ...{ name, port, region, accessKeyId, secretAccessKey, certificate, folder },
    endpoint: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    kill,
    async pause() {
      child.kill('SIGSTOP')
      while (!isStopped(child.pid ?? 0)) await sleep(5)
    },
    resume: () => void child.kill('SIGCONT'),
    async restart() {
      await kill()
      child = await start()
    },
    async stop() {
      await kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
