import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export interface Child extends AsyncDisposable {
  /** The next line that it prints; rejects with what it printed to its standard error where it ends before. */
  line(): Promise<string>
  kill(): Promise<void>
  /** Resolves with its exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | string>
}

/** Starts `database-child.ts`. It is killed when it is disposed of. */
export function startChild(command: string, address: string, argument = ''): Child {
  const script = fileURLToPath(new URL('./database-child.ts', import.meta.url))
  const child: ChildProcess = spawn(process.execPath, [script, command, address, argument], { stdio: ['ignore', 'pipe', 'pipe'] })
  let errors = ''
  child.stderr?.on('data', (text: Buffer) => {
    errors += text
  })
  const ended = new Promise<number | string>((resolve) => child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown')))
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  const kill = async () => {
    child.kill('SIGKILL')
    await ended
  }
  return {
    async line() {
      const { value, done } = await lines.next()
      if (done) throw new Error(`The other process ended with ${await ended}: ${errors}`)
      return value
    },
    kill,
    ended,
    [Symbol.asyncDispose]: kill,
  }
}
