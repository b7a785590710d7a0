import { startPostgres } from '../../../test/servers/postgres.ts'
import { holdsContract } from './holds.contract.ts'

const server = startPostgres()
holdsContract('PostgreSQL', { url: async () => (await server).url, end: async () => (await server).stop() })
