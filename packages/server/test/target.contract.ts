import assert from 'node:assert/strict'
import { after, before, suite } from 'node:test'
import { checkKeys } from './target.contract-keys.ts'
import type { Contract, ContractOptions, OpenedTarget } from './target.contract-kit.ts'
import { checkLifetime } from './target.contract-lifetime.ts'
import { checkModel } from './target.contract-model.ts'
import { checkListing, checkObjects, checkReads } from './target.contract-objects.ts'
import { checkAbort, checkCommit, checkWrites } from './target.contract-writes.ts'

export * from './target.contract-kit.ts'

/** Every sentence of `storage/target.ts`, run against a driver. */
export function targetContract(name: string, open: () => Promise<OpenedTarget>, options: ContractOptions = {}): void {
  suite(`${name} keeps the contract of a storage target`, () => {
    let opened: OpenedTarget | undefined
    before(async () => {
      opened = await open()
    })
    after(async () => opened?.dispose())
    const contract: Contract = {
      open,
      current: () => {
        assert.ok(opened, 'the target could not be opened')
        return opened
      },
      partBytes: options.partBytes ?? 70_001,
      runs: options.runs ?? 60,
      longestSegment: options.longestSegment ?? 255,
    }
    checkObjects(contract)
    checkReads(contract)
    checkListing(contract)
    checkWrites(contract)
    checkCommit(contract)
    checkAbort(contract)
    checkLifetime(contract)
    checkKeys(contract)
    checkModel(contract)
  })
}
