import type { Target } from '@holdfast/api'
import { Button, Group, Modal, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { keys } from '../../app/query-keys.ts'
import { useClient } from '../../app/services.tsx'
import { Busy, Failed } from '../../ui/states.tsx'
import { useRefresh } from '../../ui/use-refresh.ts'
import { TestOutcome } from './test-steps.tsx'

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
      {test.data && !test.isFetching ? <TestOutcome outcome={test.data} /> : null}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" loading={test.isFetching} onClick={() => void test.refetch()}>
          Test again
        </Button>
        <Button onClick={onClose}>Close</Button>
      </Group>
    </Stack>
  )
}
