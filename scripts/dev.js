// npm run dev: the server restarting on change, and the web app with hot reload in front of it.
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { ensureInstalled, root, runNode } from './toolchain.js'

ensureInstalled()
const data = resolve(root, process.env.HOLDFAST_DATA_DIR || 'data')
const cli = join(root, 'packages', 'cli', 'src', 'main.ts')
if (!existsSync(join(data, 'keys'))) await runNode([cli, 'init', '--data', data])
const statuses = await Promise.all([
  runNode(['--watch', '--watch-preserve-output', cli, 'serve', '--data', data]),
  runNode([join(root, 'node_modules', 'vite', 'bin', 'vite.js')], { cwd: join(root, 'packages', 'web') }),
])
process.exitCode = Math.max(...statuses)
