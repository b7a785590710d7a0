import { systemClock } from '../src/core/clock.ts'
import { createMemoryStore, memoryTarget } from '../src/storage/memory.ts'
import { targetContract } from './target.contract.ts'

targetContract('memory', async () => {
  const store = createMemoryStore()
  const another = async () => memoryTarget(systemClock, store)
  return { target: await another(), another, dispose: async () => {} }
})
