import type { File as StoredFile } from '@holdfast/api'
import type { ReactNode } from 'react'
import { FullDigest } from '../../ui/copy.tsx'
import { hashStateWords, sayAtRest } from '../../ui/direct-file-words.ts'
import { sayTarget } from '../../ui/target-kinds.ts'
import { ExactSize, When } from '../../ui/values.tsx'

type Fact = readonly [string, ReactNode]

/** Everything that is known of a file, by name; a fact that does not apply is null. */
export function factsOf(file: StoredFile): readonly Fact[] {
  return [
    ['Size', <ExactSize key="size" bytes={file.size} />],
    ...digestsOf(file),
    ['Verified', file.verifiedAt ? <When key="verified" at={file.verifiedAt} full /> : 'Not yet'],
    ['Type', file.contentType],
    ['Protection', file.tier === 'secure' ? 'Sealed with AES-256-GCM under a key of its own' : sayAtRest(file.atRest)],
    ['Storage target', sayTarget(file.target)],
    ['Download', file.tier === 'direct' ? sayDelivery(file.target.kind) : null],
    ['Uploaded by', file.discovered ? 'Nobody here: found on the storage by Sync' : file.uploadedBy],
    [file.discovered ? 'Found' : 'Uploaded', <When key="created" at={file.createdAt} full />],
    ['Ready since', file.readyAt && !file.discovered ? <When key="ready" at={file.readyAt} full /> : null],
    ['Missing since', file.missingSince ? <When key="missing" at={file.missingSince} full /> : null],
    ['File id', <FullDigest key="id" value={file.id} label="Copy file id" />],
  ]
}

const computedNames = { stale: 'SHA-256, before the change', mismatch: 'SHA-256, as it was' } as const

function digestsOf(file: StoredFile): readonly Fact[] {
  const { sha256, declaredSha256, diskSha256, hashState } = file
  const name = hashState === 'stale' || hashState === 'mismatch' ? computedNames[hashState] : 'SHA-256, computed'
  // Where the stored object changed since, that the older digests agree would read as if all were well.
  const agree = name !== 'SHA-256, computed' || sha256 === null || declaredSha256 === null ? null : sha256 === declaredSha256
  return [
    [name, sha256 ? <FullDigest key="sha" value={sha256} label="Copy computed SHA-256" /> : 'Not known yet'],
    ['SHA-256, on the storage', diskSha256 ? <FullDigest key="disk" value={diskSha256} label="Copy SHA-256 on the storage" /> : null],
    [
      'SHA-256, declared',
      declaredSha256 ? <FullDigest key="declared" value={declaredSha256} label="Copy declared SHA-256" /> : 'The sender declared none',
    ],
    ['Digests', agree === null ? null : agree ? 'Declared and computed are equal' : 'Declared and computed differ'],
    ['Hash', file.tier === 'direct' ? hashStateWords[hashState] : null],
  ]
}

/** How the bytes of a direct file come to the reader (D12). */
const sayDelivery = (kind: string): string =>
  kind === 's3' ? 'Straight from the bucket, by an address that is signed for 5 minutes' : 'Through this server, which reads it from there'
