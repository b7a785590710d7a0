import { Problem } from '@holdfast/api'
import { foldedDirectName, numberedDirectName, toDirectName } from '../../core/direct-names.ts'
import { directKey } from '../../core/object-keys.ts'
import type { Tables } from '../../db/store.ts'
import type { TargetRow } from '../../db/targets.ts'
import { StorageError, type StorageTarget } from '../../storage/target.ts'

/** Where a direct file is to lie: the folder of a case or item, at one target, under a name. */
export type DirectPlace = {
  readonly tenantId: string
  readonly caseId: string
  readonly itemId: string | null
  readonly target: Pick<TargetRow, 'id' | 'kind'>
  readonly scope: string
  readonly name: string
}

/** More files of one name in one folder are no accident that a number helps with. */
const MOST_NUMBERS = 10_000
/** In the folder of a case the folders of its items have such names. */
const looksLikeItem = /^[0-9a-f]{8}$/i

const sameName = ({ target }: DirectPlace, one: string, other: string): boolean =>
  target.kind === 'smb' ? foldedDirectName(one) === foldedDirectName(other) : one === other

/** CONFLICT where another upload of this name to the same folder is under way; on a share without upper and lower case, of either. */
export async function requireNotInFlight(tables: Pick<Tables, 'uploads'>, place: DirectPlace): Promise<void> {
  const { tenantId, caseId, itemId, target } = place
  const running = await tables.uploads.runningDirect({ tenantId, caseId, itemId, targetId: target.id })
  if (!running.some(({ name }) => sameName(place, name, place.name))) return
  throw new Problem('CONFLICT', `An upload of “${place.name}” to the same place is under way. Wait for it, cancel it, or rename the file.`)
}

async function isTaken(
  tables: Pick<Tables, 'files' | 'uploads'>,
  place: DirectPlace & { target: { id: string } },
  key: string,
): Promise<boolean> {
  if ((await tables.files.findHolder(place.target.id, key)) !== null) return true
  const { tenantId, caseId, itemId, target } = place
  const running = await tables.uploads.runningDirect({ tenantId, caseId, itemId, targetId: target.id })
  return running.some(({ objectKey }) => sameName(place, objectKey, key))
}

async function liesThere(target: StorageTarget, key: string, place: DirectPlace): Promise<boolean> {
  try {
    return (await target.stat(key, { occupant: true })) !== null
  } catch (error) {
    if (!(error instanceof StorageError) || error.fault !== 'bad-key') throw error
    throw new Problem('INVALID_FILE_NAME', `The storage cannot hold a file called “${place.name}”. Rename it and try again.`, {
      cause: error,
    })
  }
}

/**
 * A key in the folder that no file of ours has and under which nothing lies: the name itself, or with the first free number from 2 on.
 * CONFLICT as `requireNotInFlight`. Whoever uses it has to expect that it is taken meanwhile, by a row or on the storage.
 */
export async function findFreeKey(tables: Pick<Tables, 'files' | 'uploads'>, place: DirectPlace, target: StorageTarget): Promise<string> {
  await requireNotInFlight(tables, place)
  const stored = toDirectName(place.name)
  const first = place.itemId === null && looksLikeItem.test(stored) ? 2 : 1
  for (let nth = first; nth <= MOST_NUMBERS; nth += 1) {
    const key = directKey(place.scope, nth === 1 ? stored : numberedDirectName(stored, nth))
    if (!(await isTaken(tables, place, key)) && !(await liesThere(target, key, place))) return key
  }
  throw new Problem('CONFLICT', `There are ${MOST_NUMBERS} files called “${place.name}” here. Rename the file and try again.`)
}
