import { IconPlus } from '@tabler/icons-react'
import { useMay } from '../../app/services.tsx'
import { ButtonLink } from '../../ui/links.tsx'
import { Page } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { RemovedTargets } from './removed-targets.tsx'
import { Roles } from './roles.tsx'
import { TargetTable } from './target-table.tsx'

export function StorageSettings() {
  const mayWrite = useMay()('target.write')
  return (
    <Page
      title="Storage"
      hint="Where files are kept. A role says which target new files of a kind go to; stored files stay where they are."
      actions={
        mayWrite ? (
          <ButtonLink to="/settings/storage/new" leftSection={<IconPlus size={16} aria-hidden="true" />}>
            Add target
          </ButtonLink>
        ) : null
      }
    >
      <Panel title="Storage targets" flush>
        <TargetTable />
      </Panel>
      <RemovedTargets />
      <Roles />
    </Page>
  )
}
