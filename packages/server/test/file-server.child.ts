import { startServer } from '../src/main.ts'

// A server in a process of its own, for suites that kill it. It tells its address on stdout; what it logs goes there too.
const server = await startServer(process.env, { http: true })
process.on('SIGTERM', () => void server[Symbol.asyncDispose]().then(() => process.exit(0)))
process.stdout.write(`LISTENING ${server.url}\n`)
