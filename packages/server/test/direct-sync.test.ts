import { after } from 'node:test'
import { memoryPlaces, postgresPlaces } from './database-places.ts'
import { syncContract } from './direct-sync.contract.ts'

const postgres = postgresPlaces()
after(() => postgres.end())
for (const places of [memoryPlaces, postgres]) syncContract(places)
