import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { holdfast } from './command.ts'
import { FILE_KEY, sealedFloe } from './sealed-files.ts'

const noting = pathToFileURL(join(import.meta.dirname, 'note-modules.js')).href
const ours = /\/packages\/(cli|container)\/|\/commander\/|\/packages\/server\/src\/keys\/|\/packages\/api\/src\/(limits|token-scopes)\.ts$/

test('X3: opening a file loads nothing of server, schemas and client: that would take longer than most files', async () => {
  const { dir, path } = await sealedFloe(1000)
  const env = { NODE_OPTIONS: `--import "${noting}"` }
  const ran = await holdfast(['open', path, '-o', join(dir, 'out'), '--file-key', FILE_KEY], { env })
  assert.equal(ran.status, 0, ran.stderr)
  const loaded = ran.stderr.split('\n').filter((line) => line.startsWith('file:'))
  assert.ok(
    loaded.some((url) => url.endsWith('/commands/open.ts')),
    'modules are noted',
  )
  assert.deepEqual(
    loaded.filter((url) => !ours.test(url)),
    [],
  )
})
