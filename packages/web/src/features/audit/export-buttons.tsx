import { Button } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { useClient } from '../../app/services.tsx'
import { type AuditSearch, hasFilter, toFilter } from './filters.ts'

/** Both formats carry every entry that the filters let through, not only the page that is shown. */
export function ExportButtons({ search }: { search: AuditSearch }) {
  const client = useClient()
  const filter = toFilter(search)
  const what = hasFilter(search) ? 'the filtered entries' : 'all entries'
  return (
    <>
      <Button
        component="a"
        variant="default"
        href={client.audit.exportUrl('csv', filter)}
        download
        title={`Saves ${what} as CSV`}
        leftSection={<IconDownload size={16} aria-hidden="true" />}
      >
        Export CSV
      </Button>
      <Button
        component="a"
        variant="default"
        href={client.audit.exportUrl('jsonl', filter)}
        download
        title={`Saves ${what} as JSON lines`}
        leftSection={<IconDownload size={16} aria-hidden="true" />}
      >
        Export JSON lines
      </Button>
    </>
  )
}
