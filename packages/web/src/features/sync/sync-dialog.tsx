import type { Sync } from '@holdfast/api'
import { Button, Checkbox, Group, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { useClient } from '../../app/services.tsx'
import { Notice } from '../../ui/notice.tsx'
import { Busy, Failed } from '../../ui/states.tsx'
import { When } from '../../ui/values.tsx'
import { lastSyncQuery, type SyncScope } from './queries.ts'
import classes from './sync.module.css'
import { SyncGroups } from './sync-groups.tsx'
import { hasWork, saySync } from './sync-words.ts'
import { type SyncRun, useSync } from './use-sync.ts'

type SyncDialogProps = SyncScope & { readonly onClose: () => void }

/** Preview, decision, progress and report, one after the other. */
export function SyncDialog({ caseId, itemId, onClose }: SyncDialogProps) {
  const run = useSync({ caseId, itemId })
  const { mutate } = run.begin
  const begun = useRef(false)
  useEffect(() => {
    if (begun.current) return
    begun.current = true
    mutate({ mode: 'preview' })
  }, [mutate])
  return (
    <Stack gap="md">
      <p className={classes.scope}>
        {itemId ? 'The folder of this evidence item alone' : 'The folder of this case alone, without its evidence items'}. Uploads that are
        under way are left alone.
      </p>
      {run.error ? <Failed error={run.error} onRetry={() => mutate({ mode: 'preview' })} /> : null}
      {run.sync ? <Outcome sync={run.sync} /> : null}
      {run.waiting ? <Busy>Asking the storage</Busy> : null}
      {run.sync?.mode === 'preview' ? <LastSync caseId={caseId} itemId={itemId} /> : null}
      <Decision run={run} onClose={onClose} />
    </Stack>
  )
}

function Outcome({ sync }: { sync: Sync }) {
  const said = saySync(sync)
  return (
    <>
      <Notice tone={said.tone} title={said.label} live>
        {said.explain}
      </Notice>
      <SyncGroups sync={sync} />
    </>
  )
}

/** The buttons that fit where the Sync is: stop it, apply it, or be done. */
function Decision({ run, onClose }: { run: SyncRun; onClose: () => void }) {
  const [looked, setLooked] = useState(false)
  const { sync, begin, cancel } = run
  const runs = sync?.status === 'running'
  const braked = sync?.status === 'stopped'
  const previewed = sync?.mode === 'preview' && sync.status === 'done' && hasWork(sync)
  const appliable = !run.waiting && (braked || previewed)
  return (
    <Stack gap="sm" className={classes.foot}>
      {braked ? (
        <Checkbox
          label="I looked at the storage: these files are really gone from it"
          checked={looked}
          onChange={(event) => setLooked(event.currentTarget.checked)}
        />
      ) : null}
      <Group justify="flex-end" gap="xs">
        {runs ? (
          <Button variant="default" loading={cancel.isPending} onClick={() => cancel.mutate(sync.id)}>
            Cancel Sync
          </Button>
        ) : null}
        <Button variant={appliable ? 'default' : 'filled'} onClick={onClose}>
          Close
        </Button>
        {appliable ? (
          <Button
            color={braked ? 'red' : 'harbor'}
            disabled={braked && !looked}
            loading={begin.isPending}
            onClick={() => begin.mutate({ mode: 'apply', allowRemovals: braked })}
          >
            {braked ? 'Remove them from the list' : 'Apply'}
          </Button>
        ) : null}
      </Group>
    </Stack>
  )
}

function LastSync(scope: SyncScope) {
  const { data } = useQuery(lastSyncQuery(useClient(), scope))
  if (!data) return null
  return (
    <p className={classes.scope}>
      Last applied <When at={data.finishedAt ?? data.createdAt} /> by {data.startedBy}: {saySync(data).label}.
    </p>
  )
}
