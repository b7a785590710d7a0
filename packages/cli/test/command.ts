import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const main = join(import.meta.dirname, '..', 'src', 'start.js')

export type Outcome = { readonly status: number | null; readonly stdout: Buffer; readonly stderr: string }
export type Environment = Readonly<Record<string, string | undefined>>

/** An environment in which nothing of Holdfast is set but what is given. */
export const clean = (given: Environment = {}): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(HOLDFAST|LX_ANNOTATE|CREDENTIAL)_/.test(name))),
  ...given,
})

/** Starts the command; the caller ends it. */
export const begin = (args: readonly string[], env: Environment = {}): ChildProcess =>
  spawn(process.execPath, [main, ...args], { env: clean(env), stdio: ['pipe', 'pipe', 'pipe'] })

/** Runs the command as a person does, to its end. */
export async function holdfast(args: readonly string[], options: { env?: Environment; input?: string } = {}): Promise<Outcome> {
  const child = begin(args, options.env)
  const [stdout, stderr]: Buffer[][] = [[], []]
  child.stdout?.on('data', (chunk: Buffer) => stdout?.push(chunk))
  child.stderr?.on('data', (chunk: Buffer) => stderr?.push(chunk))
  child.stdin?.end(options.input ?? '')
  const [status] = (await once(child, 'close')) as [number | null]
  return { status, stdout: Buffer.concat(stdout ?? []), stderr: Buffer.concat(stderr ?? []).toString() }
}

/** A folder of its own for a test, gone afterwards. */
export async function scratch(): Promise<AsyncDisposable & { readonly path: string; at(name: string): string }> {
  const path = await mkdtemp(join(tmpdir(), 'hf-cli-'))
  return { path, at: (name) => join(path, name), [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/** A real server process on a data folder, on a port that the system chose. */
export interface ServerProcess extends AsyncDisposable {
  readonly url: string
  readonly child: ChildProcess
  /** Path and fragment of the first set-up, where nobody could sign in when it started. */
  readonly setupPath: string | null
  /** Ends it without any clean-up. */
  kill(): Promise<void>
}

export async function serve(data: string, options: { port?: string; env?: Environment } = {}): Promise<ServerProcess> {
  const child = begin(['serve', '--data', data, '--port', options.port ?? '0'], options.env)
  child.stdout?.resume()
  let told = ''
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr?.on('data', (chunk: Buffer) => {
      told += chunk
      const found = /is at (http:\S+)/.exec(told)?.[1]
      if (found !== undefined) resolve(found)
    })
    child.once('close', () => reject(new Error(`The server did not start: ${told}`)))
  })
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const closed = once(child, 'close')
    child.kill(signal)
    await closed
  }
  const setupPath = /\/setup#code=\S+/.exec(told)?.[0] ?? null
  return { url, child, setupPath, kill: () => end('SIGKILL'), [Symbol.asyncDispose]: () => end('SIGTERM') }
}

/** A server with one case and a token of an examiner; `env` is what client commands need. */
export async function serveWithCase(
  data: string,
  options: { env?: Environment } = {},
): Promise<ServerProcess & { readonly env: Environment }> {
  await succeed(['init', '--data', data])
  const token = (await succeed(['token', 'create', '--data', data, '--role', 'examiner'])).trim()
  const server = await serve(data, options)
  const env = { HOLDFAST_URL: server.url, HOLDFAST_TOKEN: token }
  await succeed(['case', 'create', '--number', 'CASE-1', '--title', 'Laptop'], { env })
  return { ...server, env }
}

/** The standard output of a command that must succeed. */
export async function succeed(args: readonly string[], options: { env?: Environment; input?: string } = {}): Promise<string> {
  const { status, stdout, stderr } = await holdfast(args, options)
  if (status !== 0) throw new Error(`holdfast ${args.join(' ')} ended with ${status}: ${stderr}`)
  return stdout.toString()
}
