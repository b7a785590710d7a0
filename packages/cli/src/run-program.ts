import { type Command, CommanderError } from 'commander'
import { CommandFailure, oneLine } from './failure.ts'

/** What the exit status says. */
export const exitStatus = { done: 0, failed: 1, wrongUse: 2, interrupted: 130 } as const

/** Runs one command line and answers its exit status. Whatever goes wrong is one line on stderr; nothing is thrown. */
export async function runProgram(program: Command, args: readonly string[]): Promise<number> {
  prepare(program)
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // The reader of a pipe has seen enough.
    if (error.code === 'EPIPE') process.exit(exitStatus.done)
  })
  try {
    await program.parseAsync([...args], { from: 'user' })
    return Number(process.exitCode ?? exitStatus.done)
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitStatus.done : exitStatus.wrongUse
    process.stderr.write(`holdfast: ${await oneLine(error)}\n`)
    return error instanceof CommandFailure ? error.exitStatus : exitStatus.failed
  }
}

function prepare(command: Command): void {
  command.exitOverride()
  command.configureOutput({ outputError: (text, write) => write(`holdfast: ${text.replace(/^error: /, '')}`) })
  for (const child of command.commands) prepare(child)
}
