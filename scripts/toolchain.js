// Plain JavaScript for Node ≥ 18: finds or brings what everything else runs on. No dependencies, as it runs before there are any.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
const wantedMajor = 24

const fail = (message) => {
  process.stderr.write(`holdfast: ${message}\n`)
  process.exit(1)
}

const readJson = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null)

/** Whether node_modules holds what package-lock.json names; npm keeps its own record of what it installed. */
function isInstalled() {
  const wanted = readJson(join(root, 'package-lock.json'))?.packages ?? {}
  const have = readJson(join(root, 'node_modules', '.package-lock.json'))?.packages
  if (!have) return false
  return Object.entries(wanted).every(
    ([path, entry]) => !path.includes('node_modules/') || entry.optional || entry.link || have[path]?.version === entry.version,
  )
}

/** Installs the locked dependencies where they are missing or others. npm's output goes to stderr. */
export function ensureInstalled() {
  if (isInstalled()) return
  process.stderr.write('Installing dependencies (once) …\n')
  const npm = process.env.npm_execpath
  const [command, args] = npm && /\.[cm]?js$/.test(npm) ? [process.execPath, [npm]] : ['npm', []]
  const result = spawnSync(command, [...args, 'ci', '--include=optional', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  if (result.error || result.status !== 0) fail('the dependencies could not be installed; npm says why above.')
}

/** The path of a Node that runs TypeScript as it is: this one, or the one that the dependencies bring for older machines. */
export function findNode() {
  if (Number(process.versions.node.split('.')[0]) >= wantedMajor) return process.execPath
  const brought = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node')
  if (existsSync(brought)) return brought
  return fail(
    `Node ${wantedMajor} or newer is needed (this is ${process.versions.node}) and none is packaged for ${process.platform}-${process.arch}; install it and try again.`,
  )
}

/** The environment of a child: the found Node comes first in PATH, so that tools started by name get it too. */
export function toolEnvironment(extra = {}) {
  const node = findNode()
  return { ...process.env, PATH: `${join(node, '..')}:${join(root, 'node_modules', '.bin')}:${process.env.PATH ?? ''}`, ...extra }
}

/**
 * Flags of every Node that runs the server. By default V8 lets its space for young objects grow to 64 MB and keeps it, although the
 * bytes of files never go there; a fraction of that serves requests as fast.
 */
export const nodeFlags = ['--max-semi-space-size=4']

/** Runs Node with `args` on this terminal and resolves with its exit status. Signals are passed on and the child is waited for. */
export function runNode(args, { env = {}, cwd = root } = {}) {
  return new Promise((resolve) => {
    const child = spawn(findNode(), [...nodeFlags, ...args], { cwd, stdio: 'inherit', env: toolEnvironment(env) })
    const passOn = (signal) => child.kill(signal)
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, passOn)
    child.on('error', (error) => fail(error.message))
    child.on('exit', (status, signal) => resolve(status ?? (signal === 'SIGINT' ? 130 : 143)))
  })
}

function* filesBelow(path) {
  if (!existsSync(path)) return
  if (!statSync(path).isDirectory()) return yield path
  for (const name of readdirSync(path).sort()) if (name !== 'node_modules' && name !== 'dist') yield* filesBelow(join(path, name))
}

/** Builds the web app where its sources changed since the last build. */
export async function ensureWebBuilt() {
  const hash = createHash('sha256')
  const sources = [
    'packages/web',
    'packages/client/src',
    'packages/react/src',
    'packages/api/src',
    'packages/container/src',
    'package-lock.json',
  ]
  for (const source of sources) for (const file of filesBelow(join(root, source))) hash.update(file).update(readFileSync(file))
  const digest = hash.digest('hex')
  const stamp = join(root, 'packages', 'web', 'dist', '.built-from')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return
  process.stderr.write('Building the web app (when its sources change) …\n')
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js')
  const status = await runNode([vite, 'build', '--logLevel', 'warn'], { cwd: join(root, 'packages', 'web') })
  if (status !== 0) fail('the web app could not be built; the reason is above.')
  writeFileSync(stamp, digest)
}
