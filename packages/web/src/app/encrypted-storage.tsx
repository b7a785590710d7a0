import { FileDetails } from '../features/files/file-details.tsx'
import { FileTable } from '../features/files/file-table.tsx'
import { UploadArea } from '../features/uploads/upload-area.tsx'
import { Panel } from '../ui/panel.tsx'
import { useMay } from './services.tsx'

type EncryptedStorageProps = {
  readonly caseId: string
  readonly itemId: string | null
  readonly openFile: string | undefined
  readonly onOpenFile: (fileId: string | undefined) => void
}

/** The section that a case and each of its items have: drop files on it, watch them being sealed, get them back. */
export function EncryptedStorage({ caseId, itemId, openFile, onOpenFile }: EncryptedStorageProps) {
  const may = useMay()
  const place = { caseId, itemId }
  const table = <FileTable place={place} onOpen={onOpenFile} />
  return (
    <>
      {may('file.upload') ? (
        <UploadArea key={itemId ?? caseId} place={place}>
          {table}
        </UploadArea>
      ) : (
        <Panel title="Encrypted Storage" hint="Sealed with AES-256-GCM at rest, proven when stored and when read." flush>
          {table}
        </Panel>
      )}
      <FileDetails fileId={openFile} onClose={() => onOpenFile(undefined)} />
    </>
  )
}
