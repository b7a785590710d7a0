import { type ChildProcess, fork } from 'node:child_process'
import type { FromValidationWorker, ToValidationWorker } from './validation-messages.ts'

/** `stopped`: somebody, or the system, ended it; that says nothing of the file that it was judging. */
export type ProcessEnd = 'out-of-memory' | 'crashed' | 'stopped'

type Listener = {
  readonly onMessage: (message: FromValidationWorker) => void
  readonly onEnd: (end: ProcessEnd) => void
}

/** A process that judges files, one after another. It has nothing of this one's environment, and ends with it. */
export interface ValidationProcess {
  send(message: ToValidationWorker): void
  /** One at a time; null stops it. */
  listen(listener: Listener | null): void
  /** While held it keeps this process from ending. */
  hold(held: boolean): void
  /** Resolves once it is gone. */
  readonly ended: Promise<void>
  kill(): Promise<void>
}

const YOUNG_MB = 16
/** Enough for what the engine says of its own end. What parsers print about a file, bytes of it maybe, goes nowhere. */
const KEPT_CHARACTERS = 4096

function keepEndOf(child: ChildProcess): () => string {
  let tail = ''
  child.stderr?.setEncoding('latin1').on('data', (text: string) => {
    tail = (tail + text).slice(-KEPT_CHARACTERS)
  })
  return () => tail
}

function holdChild(child: ChildProcess, held: boolean): void {
  const change = held ? 'ref' : 'unref'
  child[change]()
  child.channel?.[change]()
  const { stderr } = child as { stderr: { ref?(): void; unref?(): void } | null }
  stderr?.[change]?.()
}

/** How the system tells that a process was ended from outside: a stop of the service reaches all of its processes. */
const endedFromOutside: readonly (NodeJS.Signals | null)[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL']

function endOf(signal: NodeJS.Signals | null, said: string): ProcessEnd {
  if (endedFromOutside.includes(signal)) return 'stopped'
  return /out of memory/.test(said) ? 'out-of-memory' : 'crashed'
}

export type MemoryLimits = { readonly heapMb: number; readonly memoryMb: number }

const startChild = ({ heapMb, memoryMb }: MemoryLimits): ChildProcess =>
  fork(new URL('./validation-worker.ts', import.meta.url), [String(memoryMb)], {
    execArgv: [`--max-old-space-size=${heapMb}`, `--max-semi-space-size=${YOUNG_MB}`],
    env: {},
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })

export function startValidationProcess(limits: MemoryLimits): ValidationProcess {
  const child = startChild(limits)
  const said = keepEndOf(child)
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  let listener: Listener | null = null
  let end: ProcessEnd | null = null
  const conclude = (how: ProcessEnd): void => {
    end ??= how
    listener?.onEnd(end)
    resolve()
  }
  child.on('message', (message) => listener?.onMessage(message as FromValidationWorker))
  child.once('close', (_code, signal) => conclude(endOf(signal, said())))
  // It could not be started, which is no fault of the file.
  child.on('error', () => conclude('stopped'))
  holdChild(child, false)
  return {
    ended,
    // What cannot be sent any more is told by the end of the process.
    send: (message) => void child.send(message, () => {}),
    listen(next) {
      listener = next
      if (end !== null) listener?.onEnd(end)
    },
    hold: (held) => holdChild(child, held),
    async kill() {
      // Whoever waits for its end must not end before it.
      holdChild(child, true)
      child.kill('SIGKILL')
      await ended
    },
  }
}
