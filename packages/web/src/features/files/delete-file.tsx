import type { File as StoredFile } from '@holdfast/api'
import { Confirm } from '../../ui/confirm.tsx'
import { formatBytes } from '../../ui/format.ts'
import { Notice } from '../../ui/notice.tsx'
import { visibleName } from '../../ui/visible-name.ts'

type DeleteFileProps = {
  readonly file: StoredFile
  readonly opened: boolean
  readonly onClose: () => void
  readonly onConfirm: () => Promise<unknown>
}

export function DeleteFile({ file, opened, onClose, onConfirm }: DeleteFileProps) {
  return (
    <Confirm opened={opened} onClose={onClose} title="Delete this file?" action="Delete file" onConfirm={onConfirm}>
      <p style={{ marginTop: 0 }}>
        This removes <strong style={{ overflowWrap: 'anywhere' }}>{visibleName(file.name)}</strong> ({formatBytes(file.size)}) and its
        stored object on {file.target.name}, for good.
      </p>
      {file.held ? (
        <Notice tone="attention" title="A legal hold covers it">
          The server refuses to delete it until every hold on it is released.
        </Notice>
      ) : null}
      <p style={{ marginBottom: 0 }}>The audit log keeps its name, digest and history. The bytes can only come back from a backup.</p>
    </Confirm>
  )
}
