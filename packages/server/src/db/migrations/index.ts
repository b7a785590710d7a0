import { initial } from './0001-initial.ts'
import { moves } from './0002-moves.ts'
import { targetLocations } from './0003-target-locations.ts'
import { direct } from './0004-direct.ts'
import { objects } from './0005-objects.ts'
import { holds } from './0006-holds.ts'
import { syncObjects } from './0007-sync-objects.ts'
import { directMoves } from './0008-direct-moves.ts'
import { webhooks } from './0009-webhooks.ts'
import { evidence } from './0010-evidence.ts'
import { tokenScopes } from './0011-token-scopes.ts'
import { reconciliations } from './0012-reconciliations.ts'
import { tenantRows } from './0013-tenant-rows.ts'
import { objectLists } from './0014-object-lists.ts'
import { foldedCaseNumbers } from './0015-folded-case-numbers.ts'
import type { Migration } from './migration.ts'

/** In the order in which they run. New ones go to the end; released ones are never edited, reordered or removed. */
export const migrations: readonly Migration[] = [
  initial,
  moves,
  targetLocations,
  direct,
  objects,
  holds,
  syncObjects,
  directMoves,
  webhooks,
  evidence,
  tokenScopes,
  reconciliations,
  tenantRows,
  objectLists,
  foldedCaseNumbers,
]
