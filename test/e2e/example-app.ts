import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { clean, succeed } from '../../packages/cli/test/command.ts'
import { bundle } from './bundle.ts'
import type { House } from './house.ts'

const folder = join(import.meta.dirname, '..', '..', 'examples', 'profile-photos')

export const buildExample = (): Promise<void> => bundle(folder)

export interface ExampleApp extends AsyncDisposable {
  readonly origin: string
}

/** The example as its README starts it: with a token of an examiner, made on the command line. */
export async function startExample(house: House): Promise<ExampleApp> {
  const token = await succeed(['token', 'create', '--data', house.data, '--role', 'examiner', '--name', 'photos'])
  const env = clean({ HOLDFAST_URL: house.origin, HOLDFAST_TOKEN: token.trim(), PORT: '0' })
  const child = spawn(process.execPath, [join(folder, 'server.ts')], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  return { origin: await addressOf(child), [Symbol.asyncDispose]: () => end(child) }
}

async function addressOf(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) {
    const [origin] = /http:\/\/localhost:\d+/.exec(line) ?? []
    if (origin !== undefined) return origin
  }
  throw new Error('The example did not start')
}

async function end(child: ChildProcess): Promise<void> {
  const over = once(child, 'exit')
  child.kill()
  await over
}
