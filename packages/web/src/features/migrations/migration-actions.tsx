import type { Migration } from '@holdfast/api'
import { Button } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconPlayerPause, IconPlayerPlay, IconX } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { keys } from '../../app/query-keys.ts'
import { useClient } from '../../app/services.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { sayProblem } from '../../ui/problem-words.ts'
import { useRefresh } from '../../ui/use-refresh.ts'

const icon = { size: 15, 'aria-hidden': true } as const

/** Pause, resume and cancel, where the state allows them. */
export function MigrationActions({ migration }: { migration: Migration }) {
  const client = useClient()
  const refresh = useRefresh()
  const [asking, setAsking] = useState(false)
  const settle = () => refresh(keys.migrations, keys.jobs, keys.audit)
  const steer = useMutation({
    mutationFn: (step: 'pause' | 'resume') => client.migrations[step](migration.id),
    onError: (error) => {
      const said = sayProblem(error)
      notifications.show({ color: 'red', title: said.title, message: said.text })
    },
    onSettled: settle,
  })
  const { status } = migration
  if (status !== 'running' && status !== 'paused') return null
  return (
    <>
      {status === 'running' ? (
        <Button
          variant="default"
          leftSection={<IconPlayerPause {...icon} />}
          loading={steer.isPending}
          onClick={() => steer.mutate('pause')}
        >
          Pause
        </Button>
      ) : (
        <Button leftSection={<IconPlayerPlay {...icon} />} loading={steer.isPending} onClick={() => steer.mutate('resume')}>
          Resume
        </Button>
      )}
      <Button variant="default" leftSection={<IconX {...icon} />} onClick={() => setAsking(true)}>
        Cancel migration
      </Button>
      <Confirm
        opened={asking}
        onClose={() => setAsking(false)}
        title="Cancel this migration?"
        action="Cancel migration"
        onConfirm={() => client.migrations.cancel(migration.id).finally(settle)}
      >
        <p style={{ marginTop: 0 }}>
          What was moved stays on {migration.to.name}; everything else stays on {migration.from.name}. Nothing is lost.
        </p>
        <p style={{ marginBottom: 0 }}>A cancelled migration can't be resumed. Another one takes up what is left.</p>
      </Confirm>
    </>
  )
}
