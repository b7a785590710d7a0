import type { DirectState } from '@holdfast/api'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { FileTable } from '../features/files/file-table.tsx'
import { filesQuery } from '../features/files/queries.ts'
import { SyncButton } from '../features/sync/sync-button.tsx'
import { UploadArea } from '../features/uploads/upload-area.tsx'
import { rowsOf } from '../ui/paged-table.tsx'
import { Panel } from '../ui/panel.tsx'
import { sectionWords } from '../ui/tier-words.ts'
import { UsageOf } from '../ui/usage.tsx'
import { directQuery } from './direct-state.ts'
import type { SectionProps } from './encrypted-storage.tsx'
import { useClient, useMay } from './services.tsx'

/** Files of any size, as they are, straight to the storage. Nothing of it is there before Direct is bound (R4). */
export function DirectStorage(props: SectionProps) {
  const { data } = useQuery(directQuery(useClient()))
  if (!data) return null
  return data.bound ? <BoundStorage {...props} direct={data} /> : <FormerStorage {...props} />
}

type BoundProps = SectionProps & { readonly direct: DirectState }

function BoundStorage({ caseId, itemId, onOpenFile, direct }: BoundProps) {
  const may = useMay()
  const place = { caseId, itemId, tier: 'direct' } as const
  const { title, hint } = sectionWords.direct
  const table = <FileTable place={place} onOpen={onOpenFile} />
  const sync = may('file.sync') ? <SyncButton caseId={caseId} itemId={itemId} /> : null
  const parts = { figure: <DirectUsage direct={direct} />, actions: sync }
  if (!may('file.upload'))
    return (
      <Panel title={title} hint={hint} flush {...parts}>
        {table}
      </Panel>
    )
  return (
    <UploadArea key={itemId ?? caseId} place={place} hint={<BoundHint direct={direct} />} {...parts}>
      {table}
    </UploadArea>
  )
}

const BoundHint = ({ direct }: { direct: DirectState }) => (
  <>
    Stored as they are on {direct.targetName}, protected by that storage. Any size
    {direct.delivery === 'presigned' ? '; this browser sends them straight to the bucket.' : '.'}
  </>
)

const DirectUsage = ({ direct }: { direct: DirectState }) => (
  <UsageOf
    target={{
      name: direct.targetName ?? '',
      quotaBytes: direct.quotaBytes,
      usedBytes: direct.usedBytes ?? 0,
      reservedBytes: direct.reservedBytes ?? 0,
      freeBytes: null,
    }}
  />
)

/** After Direct was switched off: what was stored stays readable where it is, and nothing shows where there is nothing. */
function FormerStorage({ caseId, itemId, onOpenFile }: SectionProps) {
  const place = { caseId, itemId, tier: 'direct' } as const
  const files = useInfiniteQuery(filesQuery(useClient(), place))
  if (!rowsOf(files)?.length) return null
  return (
    <Panel title={sectionWords.direct.title} hint="Takes no new files now. What is stored stays where it is and can be read." flush>
      <FileTable place={place} onOpen={onOpenFile} />
    </Panel>
  )
}
