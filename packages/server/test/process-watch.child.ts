import { fork } from 'node:child_process'
import { watchProcess } from '../src/validate/process-watch.ts'

// Twice the same program: the first starts the second and tells its id; the second loops as a parser might that never comes to an end.

if (process.argv[2] === 'loop') {
  watchProcess({ mostBytes: Number.POSITIVE_INFINITY })
  process.send?.('looping', () => {
    for (;;);
  })
} else {
  const loop = fork(import.meta.filename, ['loop'], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  loop.once('message', () => process.send?.({ pid: loop.pid }))
}
