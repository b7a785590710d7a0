import type { Target, TargetTest, TestStep } from '@holdfast/api'
import { Button, Group, Modal, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { keys } from '../../app/query-keys.ts'
import { useClient } from '../../app/services.tsx'
import { formatMilliseconds } from '../../ui/format.ts'
import { Notice } from '../../ui/notice.tsx'
import { Busy, Failed } from '../../ui/states.tsx'
import { ToneIcon } from '../../ui/status-badge.tsx'
import { useRefresh } from '../../ui/use-refresh.ts'
import classes from './storage.module.css'

type TestTargetProps = { readonly target: Target; readonly opened: boolean; readonly onClose: () => void }

/** Writes, reads back, compares and deletes a probe, and shows each step. */
export function TestTarget({ target, opened, onClose }: TestTargetProps) {
  return (
    <Modal opened={opened} onClose={onClose} title={`Test connection: ${target.name}`}>
      {opened ? <RunningTest target={target} onClose={onClose} /> : null}
    </Modal>
  )
}

function RunningTest({ target, onClose }: { target: Target; onClose: () => void }) {
  const client = useClient()
  const refresh = useRefresh()
  const test = useQuery({
    queryKey: ['target-test', target.id],
    queryFn: ({ signal }) => client.targets.test(target.id, { signal }),
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  })
  const { dataUpdatedAt, errorUpdatedAt } = test
  useEffect(() => {
    if (dataUpdatedAt > 0 || errorUpdatedAt > 0) void refresh(keys.targets, keys.audit)
  }, [dataUpdatedAt, errorUpdatedAt, refresh])
  return (
    <Stack gap="md">
      {test.isFetching ? <Busy>Writing, reading back and comparing a probe</Busy> : null}
      {test.isError && !test.isFetching ? <Failed error={test.error} /> : null}
      {test.data && !test.isFetching ? <Outcome outcome={test.data} /> : null}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" loading={test.isFetching} onClick={() => void test.refetch()}>
          Test again
        </Button>
        <Button onClick={onClose}>Close</Button>
      </Group>
    </Stack>
  )
}

function Outcome({ outcome }: { outcome: TargetTest }) {
  return (
    <>
      <Notice tone={outcome.ok ? 'good' : 'bad'} live title={outcome.ok ? 'Every step passed' : 'A step failed'}>
        {outcome.ok ? 'A sealed probe was written, read back, compared and removed.' : 'The steps below say which, why, and what to do.'}
      </Notice>
      <ol className={classes.steps} aria-label="Steps">
        {outcome.steps.map((step) => (
          <Step key={step.name} step={step} />
        ))}
      </ol>
    </>
  )
}

function Step({ step }: { step: TestStep }) {
  return (
    <li className={classes.step} data-ok={step.ok}>
      <ToneIcon tone={step.ok ? 'good' : 'bad'} size={19} />
      <span>
        {step.name}: {step.ok ? 'passed' : 'failed'}
      </span>
      <span className="hf-number">{formatMilliseconds(step.milliseconds)}</span>
      {step.detail ? <span className={classes.stepDetail}>{step.detail}</span> : null}
      {step.remedy ? <span className={classes.remedy}>{step.remedy}</span> : null}
    </li>
  )
}
