import { Stack } from '@mantine/core'
import { FileDetails } from '../features/files/file-details.tsx'
import { HoldsOn } from '../features/holds/holds-on.tsx'
import { DirectStorage } from './direct-storage.tsx'
import { EncryptedStorage } from './encrypted-storage.tsx'

type AttachmentsProps = {
  readonly caseId: string
  readonly itemId: string | null
  readonly openFile: string | undefined
  readonly onOpenFile: (fileId: string | undefined) => void
}

/** The sections that a case and each of its items have for files, and the details of the one that is open. */
export function Attachments({ caseId, itemId, openFile, onOpenFile }: AttachmentsProps) {
  const section = { caseId, itemId, onOpenFile }
  return (
    <Stack gap="md">
      <EncryptedStorage {...section} />
      <DirectStorage {...section} />
      <FileDetails
        fileId={openFile}
        onClose={() => onOpenFile(undefined)}
        holds={(file) => <HoldsOn on={{ scope: 'file', fileId: file.id, name: file.name }} />}
      />
    </Stack>
  )
}
