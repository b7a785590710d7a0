#!/usr/bin/env -S node --max-semi-space-size=4
// Starts the holdfast command under a Node that runs TypeScript, whatever Node this is.
import { join } from 'node:path'
import { ensureInstalled, findNode, root, runNode } from '../scripts/toolchain.js'

ensureInstalled()
const main = join(root, 'packages', 'cli', 'src', 'start.js')
if (findNode() === process.execPath) {
  process.argv[1] = main
  await import(main)
} else {
  process.exitCode = await runNode([main, ...process.argv.slice(2)], { cwd: process.cwd() })
}
