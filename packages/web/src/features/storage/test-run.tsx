import type { TargetTestResult } from '@holdfast/api'
import { Button, Group, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { keys } from '../../app/query-keys.ts'
import { Busy, Failed } from '../../ui/states.tsx'
import { useRefresh } from '../../ui/use-refresh.ts'
import { TestOutcome } from './test-steps.tsx'

export type TestRunProps = {
  /** Tells one test from another while its dialog is open. */
  readonly id: string
  readonly run: (signal: AbortSignal) => Promise<TargetTestResult>
  /** What is being done, while it is. */
  readonly doing: string
  /** What it means that every step passed. */
  readonly passed: string
  readonly onClose: () => void
}

/** Runs a test as soon as it is shown, and again on demand; shows each step with its remedy. */
export function TestRun({ id, run, doing, passed, onClose }: TestRunProps) {
  const refresh = useRefresh()
  const test = useQuery({
    queryKey: ['target-test', id],
    queryFn: ({ signal }) => run(signal),
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
      {test.isFetching ? <Busy>{doing}</Busy> : null}
      {test.isError && !test.isFetching ? <Failed error={test.error} /> : null}
      {test.data && !test.isFetching ? <TestOutcome outcome={test.data} passed={passed} /> : null}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" loading={test.isFetching} onClick={() => void test.refetch()}>
          Test again
        </Button>
        <Button onClick={onClose}>Close</Button>
      </Group>
    </Stack>
  )
}
