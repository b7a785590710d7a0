import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problems, type File as StoredFile } from '@holdfast/api'
import { ApiProblem, type Client, NetworkProblem } from '@holdfast/client'
import { createSessionState } from '../src/app/session-state.ts'
import { isDownloadable, sayDownloadFault } from '../src/features/files/download.ts'
import { verifyAgain } from '../src/features/files/verification.ts'
import { placeProblem } from '../src/ui/form-problem.ts'
import { isStatus, sayProblem } from '../src/ui/problem-words.ts'
import { storedFile } from './stored-file.ts'

const form = (values: Record<string, unknown>) => {
  const errors: Record<string, string> = {}
  return { errors, getValues: () => values, setErrors: (found: Record<string, string>) => void Object.assign(errors, found) }
}

test('U5: every problem of the API reads as what happened and what to do', () => {
  for (const [code, { status, title, remedy }] of Object.entries(problems)) {
    const said = sayProblem(new ApiProblem(status, { code: code as keyof typeof problems, title, detail: 'Because', requestId: 'r1' }))
    assert.equal(said.title, title)
    assert.equal(said.text, `Because. ${remedy}`)
    assert.equal(said.requestId, 'r1')
  }
})

test('U5: what a proxy or a lost connection answers is never shown as it is', () => {
  assert.match(sayProblem(new ApiProblem(502, {})).title, /502/)
  assert.match(sayProblem(new NetworkProblem('failed')).text, /connection/)
  assert.doesNotMatch(sayProblem(new TypeError('x is not a function')).title, /function/)
})

test('U5: a refused field is told beside its input, and only the rest as a whole', () => {
  const made = form({ number: '', title: '' })
  const conflict = new ApiProblem(409, { code: 'CONFLICT', detail: 'There is such a case.' })
  assert.equal(placeProblem(made, conflict, { CONFLICT: 'number' }), true)
  assert.deepEqual(made.errors, { number: 'There is such a case.' })
  const mixed = new ApiProblem(400, {
    code: 'VALIDATION_ERROR',
    errors: [
      { field: 'title', message: 'Too long' },
      { field: 'other', message: 'Strange' },
    ],
  })
  assert.equal(placeProblem(form({ title: '' }), mixed), false)
  assert.equal(placeProblem(form({ title: '' }), new Error('x')), false)
})

test('S5: only proven bytes of a target that is there are offered for download', () => {
  assert.equal(isDownloadable(storedFile()), true)
  assert.equal(isDownloadable(storedFile({ target: { id: 't', name: 'Local', kind: 'local', removed: true } })), false)
  for (const status of ['SCANNING', 'DAMAGED', 'FAILED', 'PENDING_UPLOAD', 'REJECTED'] as const)
    assert.equal(isDownloadable(storedFile({ status })), false, status)
  assert.match(sayDownloadFault(new ApiProblem(410, {})) ?? '', /target/)
  assert.equal(sayDownloadFault(new NetworkProblem('failed')), null)
})

test('N3: the end of a session is told once and can be taken back', () => {
  const session = createSessionState()
  let told = 0
  const stop = session.subscribe(() => {
    told += 1
  })
  session.end()
  session.end()
  assert.deepEqual([session.ended(), told], [true, 1])
  session.resume()
  assert.deepEqual([session.ended(), told], [false, 2])
  stop()
  session.end()
  assert.equal(told, 2)
  assert.equal(isStatus(new ApiProblem(401, {}), 401), true)
})

test('S5: verifying again ends with the verdict, which the file alone tells', async () => {
  const file = { id: 'f', status: 'READY', verifiedAt: '2026-01-01T00:00:00Z' } as unknown as StoredFile
  const outcome = (answers: Partial<StoredFile>[], patience = 5) => {
    const left = [...answers]
    const files = { verify: async () => ({}), get: async () => ({ ...file, ...(left.length > 1 ? left.shift() : left[0]) }) }
    return verifyAgain({ files } as unknown as Client, file, { pause: async () => {}, patience })
  }
  assert.equal(await outcome([{}, {}, { verifiedAt: '2026-01-02T00:00:00Z' }]), 'proven')
  assert.equal(await outcome([{}, { status: 'DAMAGED' }]), 'damaged')
  assert.equal(await outcome([{}]), 'still-running')
})
