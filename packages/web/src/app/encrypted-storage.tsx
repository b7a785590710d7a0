import { SECURE_TIER_MAX_BYTES } from '@holdfast/api'
import { FileTable } from '../features/files/file-table.tsx'
import { UploadArea } from '../features/uploads/upload-area.tsx'
import { formatBytes } from '../ui/format.ts'
import { Panel } from '../ui/panel.tsx'
import { sectionWords } from '../ui/tier-words.ts'
import { useMay } from './services.tsx'

export type SectionProps = {
  readonly caseId: string
  readonly itemId: string | null
  readonly onOpenFile: (fileId: string) => void
}

/** Drop files on it, watch them being sealed, get them back. */
export function EncryptedStorage({ caseId, itemId, onOpenFile }: SectionProps) {
  const may = useMay()
  const place = { caseId, itemId, tier: 'secure' } as const
  const { title, hint } = sectionWords.secure
  const table = <FileTable place={place} onOpen={onOpenFile} />
  if (!may('file.upload'))
    return (
      <Panel title={title} hint={hint} flush>
        {table}
      </Panel>
    )
  return (
    <UploadArea
      key={itemId ?? caseId}
      place={place}
      hint={`Sealed with AES-256-GCM before it reaches a disk. Up to ${formatBytes(SECURE_TIER_MAX_BYTES)} per file.`}
    >
      {table}
    </UploadArea>
  )
}
