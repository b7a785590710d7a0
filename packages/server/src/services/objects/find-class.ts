import { type ObjectInitiate, Problem } from '@holdfast/api'
import { storedContentType } from '../../core/content-types.ts'
import { describeNameFault, findNameFault } from '../../core/file-name.ts'
import { ANY_TYPE, builtinClasses, type NamedClass, type ObjectPolicy } from '../../core/object-classes.ts'
import type { Store } from '../../db/store.ts'
import type { ObjectSettings } from './deps.ts'

/** A class of the tables: built in, or of the configuration file. Null for a tenant's own. */
export const findFixedClass = (settings: ObjectSettings, name: string): { fixed: NamedClass; source: 'builtin' | 'file' } | null => {
  const builtin = builtinClasses.find((one) => one.name === name)
  if (builtin) return { fixed: builtin, source: 'builtin' }
  const file = settings.classes.find((one) => one.name === name)
  return file ? { fixed: file, source: 'file' } : null
}

export const toPolicy = ({ name, contentTypes, maxBytes, retention, replaceable, tier, malware }: NamedClass): ObjectPolicy => ({
  ...{ name, contentTypes: [...contentTypes], maxBytes, retention, replaceable, tier, malware },
})

/** The policy in force now. VALIDATION_ERROR where the tenant has no such class. */
export async function getPolicy(deps: { store: Store; settings: ObjectSettings }, tenantId: string, name: string): Promise<ObjectPolicy> {
  const found = findFixedClass(deps.settings, name)?.fixed ?? (await deps.store.read.objectClasses.find(tenantId, name))
  if (found) return toPolicy(found)
  const message = `is no object class of yours: ${name}. GET /api/v1/object-classes lists them`
  throw new Problem('VALIDATION_ERROR', undefined, { errors: [{ field: 'objectClass', message }] })
}

function requireSize(policy: ObjectPolicy, size: number, cap: number): void {
  const maxBytes = Math.min(policy.maxBytes, cap)
  if (size <= maxBytes) return
  throw new Problem(
    'FILE_TOO_LARGE',
    `${policy.name} takes files up to ${maxBytes} bytes; this one has ${size}. Use a smaller file, or the class or tier that takes it.`,
    { extra: { maxBytes, size, objectClass: policy.name } },
  )
}

/** The content type as it is stored. INVALID_FILE_NAME, TYPE_NOT_ALLOWED or FILE_TOO_LARGE where the class does not take the file. */
export function requireAcceptable(
  policy: ObjectPolicy,
  input: Pick<ObjectInitiate, 'originalFilename' | 'contentType' | 'fileSize'>,
  cap: number,
): string {
  const fault = findNameFault(input.originalFilename)
  if (fault) throw new Problem('INVALID_FILE_NAME', describeNameFault(fault), { extra: { fault } })
  const contentType = storedContentType(input.contentType)
  if (!policy.contentTypes.includes(contentType) && !policy.contentTypes.includes(ANY_TYPE)) {
    const allowed = policy.contentTypes.join(', ')
    throw new Problem('TYPE_NOT_ALLOWED', `${policy.name} takes ${allowed}; this file is called ${contentType}.`, {
      extra: { allowedTypes: policy.contentTypes, contentType, objectClass: policy.name },
    })
  }
  requireSize(policy, input.fileSize, cap)
  return contentType
}
