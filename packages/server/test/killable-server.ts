import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from '../../../test/servers/ports.ts'
import { checkInstance } from '../src/check-instance.ts'
import { loadConfig } from '../src/config.ts'
import { newId } from '../src/core/ids.ts'
import { initDataFolder } from '../src/keys/init.ts'
import { type Instance, openInstance } from '../src/open-instance.ts'
import { commandLineActor, commandLineCaller } from '../src/services/caller.ts'
import type { CheckReport } from '../src/services/check/check-store.ts'
import { createTenant } from '../src/services/setup.ts'
import { tokenService } from '../src/services/tokens.ts'
import { createLocalRoot } from '../src/storage/local.ts'
import { type Api, apiOf } from './file-world.ts'

/** A real server process over a data folder, which can be killed and started again at the same address. */
export interface KillableServer extends AsyncDisposable {
  readonly dataDir: string
  readonly api: Api
  readonly admin: Api
  /** Starts the process, armed with the next of its crash points if one is left. False when it died before it listened. */
  start(): Promise<boolean>
  /** Crash points that no process has been started with yet, and whether the present one will kill itself. */
  readonly pointsLeft: number
  readonly armed: boolean
  readonly listening: boolean
  /** Resolves when the process has ended, with the signal that killed it. */
  ended(): Promise<NodeJS.Signals | null>
  readonly running: boolean
  /** How often it was started, and by which signals it ended. */
  readonly starts: number
  readonly kills: readonly (NodeJS.Signals | null)[]
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Opens the data folder in this process, while no server runs on it. */
  withInstance<T>(use: (instance: Instance) => Promise<T>): Promise<T>
  check(): Promise<CheckReport>
}

const CHILD = join(import.meta.dirname, 'file-server.child.ts')

async function makeTenant(instance: Instance): Promise<{ examiner: string; admin: string }> {
  const { store, clock, config } = instance
  const by = { actor: commandLineActor, requestId: null, at: clock.now() }
  const { id } = await store.transaction((tx) => createTenant(tx, { slug: 'default', name: 'Lab' }, by))
  await addSecondTarget(store, { tenantId: id, path: join(config.dataDir, 'second') })
  const tokens = tokenService({ store, clock })
  const secretOf = async (role: 'examiner' | 'admin') => (await tokens.create(commandLineCaller(id), { name: role, role })).secret
  return { examiner: await secretOf('examiner'), admin: await secretOf('admin') }
}

/** Another folder of this machine, to move files to. */
async function addSecondTarget(store: Instance['store'], place: { tenantId: string; path: string }): Promise<void> {
  await createLocalRoot(place.path)
  await store.transaction(async (tx) => {
    const builtin = await tx.targets.findBuiltin(place.tenantId)
    if (!builtin) return
    const id = newId()
    await tx.targets.insert({ ...builtin, id, name: 'Second', builtin: false, place: { path: place.path } })
    // People cannot bind a local target to Direct; what is killed here is the same on every kind.
    await tx.roleBindings.bind(place.tenantId, { role: 'direct', targetId: id, boundAt: 1, staged: false })
  })
}

export type KillableOptions = {
  readonly prepared?: boolean
  readonly dataDir?: string
  readonly env?: Record<string, string>
  /** A command that runs the server, e.g. strace. */
  readonly wrap?: readonly string[]
  readonly points?: readonly string[]
}

/** `prepared: false` leaves the folder without a database, for what happens at the first start; its calls then have no token. */
export async function killableServer(options: KillableOptions = {}): Promise<KillableServer> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'holdfast-kill-')))
  await initDataFolder(dataDir)
  const port = await freePort()
  const env = {
    HOLDFAST_DATA_DIR: dataDir,
    HOLDFAST_HOST: '127.0.0.1',
    HOLDFAST_PORT: String(port),
    HOLDFAST_MOVED_OBJECT_KEPT_SECONDS: '0',
    ...options.env,
  }
  const withInstance = async <T>(use: (instance: Instance) => Promise<T>): Promise<T> => {
    const { config, secrets } = loadConfig(env)
    await using instance = await openInstance(config, secrets)
    return await use(instance)
  }
  const tokens = options.prepared === false ? { examiner: randomBytes(4).toString('hex'), admin: '' } : await withInstance(makeTenant)
  const origin = `http://127.0.0.1:${port}`
  let child: ChildProcess | null = null
  let starts = 0
  const points = [...(options.points ?? [])]
  let armed = false
  let listening = false
  const kills: (NodeJS.Signals | null)[] = []

  const isRunning = (): boolean => child !== null && child.exitCode === null && child.signalCode === null
  const start = async (): Promise<boolean> => {
    const point = points.shift()
    armed = point !== undefined
    const command = [...(options.wrap ?? []), process.execPath, CHILD]
    const started = spawn(command[0]!, command.slice(1), {
      env: { ...process.env, ...env, ...(point ? { HOLDFAST_CRASH_POINT: point } : {}) },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    child = started
    starts += 1
    started.once('exit', (_code, signal) => {
      kills.push(signal)
      armed = false
      listening = false
    })
    const lines = createInterface({ input: started.stdout! })
    const isListening = new Promise<boolean>((resolve) => {
      lines.on('line', (line) => line.startsWith('LISTENING') && resolve(true))
      started.once('exit', () => resolve(false))
    })
    listening = await isListening
    return listening
  }
  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    if (!isRunning()) return
    const exit = once(child!, 'exit')
    child!.kill(signal)
    await exit
  }
  return {
    dataDir,
    api: apiOf(origin, tokens.examiner),
    admin: apiOf(origin, tokens.admin),
    start,
    kills,
    get starts() {
      return starts
    },
    get pointsLeft() {
      return points.length
    },
    get armed() {
      return armed
    },
    get listening() {
      return listening
    },
    get running() {
      return isRunning()
    },
    async ended() {
      if (isRunning()) await once(child!, 'exit')
      return child?.signalCode ?? null
    },
    kill,
    withInstance,
    check: () => withInstance((instance) => checkInstance(instance, { full: true, signal: new AbortController().signal })),
    async [Symbol.asyncDispose]() {
      await kill()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
