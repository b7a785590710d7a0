// npm start: everything from a bare clone to a running server.
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ensureInstalled, ensureWebBuilt, root, runNode } from './toolchain.js'

const data = resolve(root, process.env.HOLDFAST_DATA_DIR || 'data')
const cli = join(root, 'packages', 'cli', 'src', 'start.js')
const keysComeFromOutside = [
  'HOLDFAST_MASTER_KEY',
  'HOLDFAST_MASTER_KEY_FILE',
  'LX_ANNOTATE_MASTER_KEY',
  'LX_ANNOTATE_MASTER_KEY_FILE',
].some((name) => process.env[name]?.trim())

ensureInstalled()
await ensureWebBuilt()
if (!existsSync(join(data, 'keys')) && !keysComeFromOutside) {
  const status = await runNode([cli, 'init', '--data', data])
  if (status !== 0) process.exit(status)
}
process.exitCode = await runNode([cli, 'serve', '--data', data, ...process.argv.slice(2)])
