// Where `holdfast` starts. Plain JavaScript: a first module in TypeScript would load the type stripper at every start, before the
// cache of compiled code is on, and that takes longer than all the rest.
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

enableCompileCache(join(import.meta.dirname, '..', '..', '..', '.cache', 'compile'))
await import('./main.ts')
