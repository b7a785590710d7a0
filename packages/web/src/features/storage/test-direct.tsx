import { Button, Modal } from '@mantine/core'
import { IconPlugConnected } from '@tabler/icons-react'
import { useState } from 'react'
import { useClient } from '../../app/services.tsx'
import { TestRun } from './test-run.tsx'

/** Sends a small object the way that browsers will send large ones, and shows each step (R3). */
export function TestDirect({ targetId }: { readonly targetId: string }) {
  const client = useClient()
  const [opened, setOpened] = useState(false)
  const close = () => setOpened(false)
  return (
    <div>
      <Button size="xs" variant="default" leftSection={<IconPlugConnected size={15} aria-hidden="true" />} onClick={() => setOpened(true)}>
        Test Direct
      </Button>
      <Modal opened={opened} onClose={close} title="Test Direct">
        {opened ? (
          <TestRun
            id={`direct ${targetId}`}
            run={(signal) => client.direct.test({ signal })}
            doing="Sending a small object the way that browsers do"
            passed="A small object was sent the way that browsers do, read back, compared and removed."
            onClose={close}
          />
        ) : null}
      </Modal>
    </div>
  )
}
