// npm run example: builds the page of the example app and starts its backend. HOLDFAST_TOKEN and HOLDFAST_URL lead to a running Holdfast.
import { join } from 'node:path'
import { ensureInstalled, root, runNode } from './toolchain.js'

ensureInstalled()
const example = join(root, 'examples', 'profile-photos')
const built = await runNode([join(root, 'node_modules', 'vite', 'bin', 'vite.js'), 'build', '--logLevel', 'warn'], { cwd: example })
process.exitCode = built === 0 ? await runNode([join(example, 'server.ts')]) : built
