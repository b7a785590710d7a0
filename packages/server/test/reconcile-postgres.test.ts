import { after } from 'node:test'
import { postgresPlaces } from './database-places.ts'
import { objectBackends } from './object-backends.ts'
import { reconcileContract } from './reconcile.contract.ts'

const places = postgresPlaces()
const place = await places.create()
after(async () => {
  await place[Symbol.asyncDispose]()
  await places.end()
})
reconcileContract({ ...objectBackends.local, name: 'the local disk, with PostgreSQL' }, { databaseUrl: place.address ?? '' })
