import { logOrigin } from '../src/core/checkpoint.ts'
import { systemClock } from '../src/core/clock.ts'
import { type CrashPointName, crashAt } from '../src/core/crash-point.ts'
import { createNoteSigner } from '../src/core/signed-note.ts'
import { checkpointFile } from '../src/db/audit-checkpoint-file.ts'
import { createSequencer } from '../src/db/audit-sequencer.ts'
import { openPostgres } from '../src/db/postgres.ts'
import { openSqlite } from '../src/db/sqlite.ts'

// Sequences the log at `place` and is killed at `point`. Run by audit-log.test.ts.
const [place, dataDir, point, instance] = process.argv.slice(2) as [string, string, CrashPointName, string]
const database = place.startsWith('postgres:') ? await openPostgres(place) : await openSqlite(place)
const signer = createNoteSigner(logOrigin(instance), new Uint8Array(32).fill(7))
const kept = checkpointFile(dataDir)
await createSequencer({ database, signer, clock: systemClock, points: crashAt(point), kept }).sequenceNow()
