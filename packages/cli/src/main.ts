import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

// Types are stripped and code is compiled once, not at every start. The cache lies beside the code, with the code's own owner.
enableCompileCache(join(import.meta.dirname, '..', '..', '..', '.cache', 'compile'))
const { createProgram } = await import('./program.ts')
const { runProgram } = await import('./run-program.ts')

process.exitCode = await runProgram(createProgram(), process.argv.slice(2))
