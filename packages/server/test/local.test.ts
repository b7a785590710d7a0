import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../src/core/clock.ts'
import { openLocalTarget } from '../src/storage/local.ts'
import { targetContract } from './target.contract.ts'

const openLocal = (names: 'exact' | 'escaped') => async () => {
  const path = await mkdtemp(join(tmpdir(), 'holdfast-local-'))
  const another = () => openLocalTarget({ path, clock: systemClock, names })
  const target = await another()
  return {
    target,
    another,
    dispose: async () => {
      await target[Symbol.asyncDispose]()
      await rm(path, { recursive: true })
    },
  }
}

targetContract('local', openLocal('exact'))
targetContract('local with escaped names', openLocal('escaped'))
