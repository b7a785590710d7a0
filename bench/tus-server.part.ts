import { once } from 'node:events'
import type { Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { FileStore } from '@tus/file-store'
import { Server } from '@tus/server'

// @tus/server over its file store, in a process of its own: `node tus-server.part.ts FOLDER` tells its port over IPC.

const [, , directory = ''] = process.argv
const server: HttpServer = new Server({ path: '/files', datastore: new FileStore({ directory }) }).listen({ host: '127.0.0.1', port: 0 })
await once(server, 'listening')
process.send?.({ port: (server.address() as AddressInfo).port })
