import type { Target } from '@holdfast/api'
import { Modal } from '@mantine/core'
import { useClient } from '../../app/services.tsx'
import { TestRun } from './test-run.tsx'
import { probePassed, probing } from './test-steps.tsx'

type TestTargetProps = { readonly target: Target; readonly opened: boolean; readonly onClose: () => void }

/** Writes, reads back, compares and deletes a probe, and shows each step. */
export function TestTarget({ target, opened, onClose }: TestTargetProps) {
  const client = useClient()
  return (
    <Modal opened={opened} onClose={onClose} title={`Test connection: ${target.name}`}>
      {opened ? (
        <TestRun
          id={target.id}
          run={(signal) => client.targets.test(target.id, { signal })}
          doing={probing}
          passed={probePassed}
          onClose={onClose}
        />
      ) : null}
    </Modal>
  )
}
