import type { File as StoredFile } from '@holdfast/api'
import { Confirm } from '../../ui/confirm.tsx'
import { formatBytes } from '../../ui/format.ts'
import { visibleName } from '../../ui/visible-name.ts'
import type { Hashing } from './use-hashing.ts'

/** Says what reading a large object back may cost, before it begins. */
export function HashWarning({ file, hashing }: { readonly file: StoredFile; readonly hashing: Hashing }) {
  const { label } = hashing.action ?? { label: 'Read back' }
  return (
    <Confirm {...hashing.warning} title={`Read ${formatBytes(file.size)} back?`} action={label} refusal="Not now" harmless>
      <p style={{ marginTop: 0 }}>
        This reads all of <strong style={{ overflowWrap: 'anywhere' }}>{visibleName(file.name)}</strong> from {file.target.name}.{' '}
        {file.target.kind === 's3'
          ? 'Where the bucket is at a cloud provider, it may bill that as egress traffic.'
          : 'It takes as much of the network as a download would.'}
      </p>
      <p style={{ marginBottom: 0 }}>It goes on in the background, shows how far it is, and can be cancelled at any time.</p>
    </Confirm>
  )
}
