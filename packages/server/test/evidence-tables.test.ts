import { after } from 'node:test'
import { memoryPlaces, postgresPlaces } from './database-places.ts'
import { evidenceTablesContract } from './evidence-tables.contract.ts'

evidenceTablesContract(memoryPlaces)

const postgres = postgresPlaces()
after(() => postgres.end())
evidenceTablesContract(postgres)
