import { startPostgres } from '../../../test/servers/postgres.ts'
import { webhooksContract } from './webhooks.contract.ts'

const server = startPostgres()
webhooksContract('PostgreSQL', { url: async () => (await server).url, end: async () => (await server).stop() })
