import { Button, Modal } from '@mantine/core'
import { IconRefreshDot } from '@tabler/icons-react'
import { useState } from 'react'
import type { SyncScope } from './queries.ts'
import { SyncDialog } from './sync-dialog.tsx'

/** Reconciles the list of one folder with what is really on the storage; begins with a preview that changes nothing. */
export function SyncButton(scope: SyncScope) {
  const [opened, setOpened] = useState(false)
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconRefreshDot size={16} aria-hidden="true" />}
        title="Compare the list with what is on the storage"
        onClick={() => setOpened(true)}
      >
        Sync
      </Button>
      <Modal opened={opened} onClose={() => setOpened(false)} title="Sync with the storage" size="lg">
        {opened ? <SyncDialog {...scope} onClose={() => setOpened(false)} /> : null}
      </Modal>
    </>
  )
}
