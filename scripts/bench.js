// npm run bench [NAME…] [--OPTION…]: runs bench/*.ts one after another; each prints ratios against a peer or a limit measured in the same run.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ensureInstalled, root, runNode } from './toolchain.js'

ensureInstalled()
const given = process.argv.slice(2)
const options = given.slice([...given, '--'].findIndex((word) => word.startsWith('--')))
const wanted = given.slice(0, given.length - options.length)
const benches = readdirSync(join(root, 'bench'))
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.part.ts'))
  .filter((name) => wanted.length === 0 || wanted.some((word) => name.includes(word)))
let failed = 0
for (const name of benches) {
  process.stdout.write(`\n── ${name.replace(/\.ts$/, '')} ──\n`)
  if ((await runNode(['--expose-gc', join(root, 'bench', name), ...options])) !== 0) failed += 1
}
process.exitCode = failed === 0 ? 0 : 1
