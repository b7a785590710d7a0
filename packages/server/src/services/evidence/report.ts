import type { EvidenceReport } from '@holdfast/api'
import type { Caller } from '../../core/actor.ts'
import { assetStatusOf } from '../../core/asset-states.ts'
import { toIso } from '../../core/clock.ts'
import type { EvidenceDeps } from './deps.ts'

type Group = EvidenceReport['groups'][number]

/** How many assets are in which state, and their bytes; neither ids, names nor keys (C10). */
export async function reportEvidence(deps: EvidenceDeps, caller: Caller): Promise<EvidenceReport> {
  const { store, clock } = deps.ingest
  const groups = new Map<string, Group>()
  for (const { fileStatus, archived, scanStatus, assets, bytes } of await store.read.assets.groups(caller.tenantId)) {
    const status = assetStatusOf({ fileStatus, archivedAt: archived ? 0 : null })
    const before = groups.get(`${status} ${scanStatus}`) ?? { status, scanStatus, checksumAlgorithm: 'sha256', assets: 0, bytes: 0 }
    groups.set(`${status} ${scanStatus}`, { ...before, assets: before.assets + assets, bytes: before.bytes + bytes })
  }
  const byState = ([a]: [string, Group], [b]: [string, Group]): number => (a < b ? -1 : 1)
  return { at: toIso(clock.now()), groups: [...groups].sort(byState).map(([, group]) => group) }
}
