// npm run build: the web app, the only thing that is built.
import { ensureInstalled, ensureWebBuilt } from './toolchain.js'

ensureInstalled()
await ensureWebBuilt()
