import type { TargetCapabilities } from '@holdfast/api'
import { formatBytes, formatNumber } from '../../ui/format.ts'

export type Ability = { readonly label: string; readonly able: boolean | null; readonly explain: string }

const atRest = { 'sse-kms': 'Encrypted at rest (SSE-KMS)', 'sse-s3': 'Encrypted at rest (SSE-S3)' } as const

/** Asked only of storage that browsers can reach by themselves. */
const corsOf = ({ cors }: TargetCapabilities): Ability => ({
  label: 'CORS for this origin',
  able: cors,
  explain: 'Browsers on this page may send parts straight to it and read their ETag.',
})

/** What a target was found to do, with what each means. `able` is null where it could not be asked. */
export function abilitiesOf(found: TargetCapabilities, locale?: string): Ability[] {
  const { encryptionAtRest, mostParts, leastPartBytes } = found
  const parts = `up to ${formatNumber(mostParts ?? 0, locale)} parts`
  const least = leastPartBytes > 1 ? `, each but the last at least ${formatBytes(leastPartBytes, locale)}` : ''
  return [
    { label: 'Verifies SHA-256', able: found.verifiesSha256, explain: 'It refuses bytes that differ from the hash that comes with them.' },
    { label: 'Conditional writes', able: found.conditionalWrites, explain: 'A write that must not replace anything never does.' },
    {
      label: encryptionAtRest ? atRest[encryptionAtRest] : 'Encrypted at rest',
      able: encryptionAtRest !== null,
      explain: 'The storage encrypts what it keeps, as it says itself. Encrypted Storage is sealed by Holdfast in any case.',
    },
    { label: 'Versions', able: found.versioning, explain: 'Objects that are replaced or deleted are kept as older versions.' },
    { label: 'Object lock', able: found.objectLock, explain: 'The storage itself can hold objects against deletion.' },
    {
      label: 'Signed URLs',
      able: found.presign,
      explain: 'Browsers can send to it and fetch from it without passing through this server.',
    },
    ...(found.presign ? [corsOf(found)] : []),
    { label: 'Copies by itself', able: found.serverCopy, explain: 'Objects can be copied within it without passing through this server.' },
    ...(mostParts === null ? [] : [{ label: `Takes ${parts}${least}`, able: true, explain: 'How large files are divided for it.' }]),
  ]
}

/** The few words of the table: what sets this target apart. */
export function sayAbilities(found: TargetCapabilities): string[] {
  const { encryptionAtRest, versioning, objectLock, verifiesSha256, presign } = found
  const said: [boolean | null, string][] = [
    [verifiesSha256, 'verifies SHA-256'],
    [encryptionAtRest !== null, encryptionAtRest === 'sse-kms' ? 'SSE-KMS' : 'SSE-S3'],
    [versioning, 'versions'],
    [objectLock, 'object lock'],
    [presign, 'signed URLs'],
  ]
  return said.filter(([able]) => able === true).map(([, words]) => words)
}
