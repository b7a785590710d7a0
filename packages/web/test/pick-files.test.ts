import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canPick, handleOf, pickFiles } from '../src/features/uploads/pick-files.ts'

const handle = { getFile: async () => new File(['x'], 'a.dd') }

test('S9: chosen files bring their handles, where the browser has them', async () => {
  const [file] = (await pickFiles({ showOpenFilePicker: async () => [handle] })) ?? []
  assert.ok(file)
  assert.equal(file.name, 'a.dd')
  assert.equal(handleOf(file), handle)
  assert.equal(handleOf(new File([], 'b.dd')), undefined)
})

test('S9: choosing nothing is not a failure; a browser without handles, or whose picker fails, uses an input', async () => {
  const failing = (name: string) => ({ showOpenFilePicker: () => Promise.reject(new DOMException('', name)) })
  assert.deepEqual(await pickFiles(failing('AbortError')), [])
  assert.equal(await pickFiles(failing('SecurityError')), null)
  assert.equal(await pickFiles({}), null)
  assert.deepEqual([canPick({}), canPick({ showOpenFilePicker: () => {} })], [false, true])
})
