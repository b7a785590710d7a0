export { createProgram } from './program.ts'
export { exitStatus, runProgram } from './run-program.ts'
