import type { AuditCheckpoint, AuditVerification } from '@holdfast/api'
import { Button, Skeleton } from '@mantine/core'
import { IconDownload, IconShieldCheck } from '@tabler/icons-react'
import { type UseQueryResult, useMutation, useQuery } from '@tanstack/react-query'
import { useClient } from '../../app/services.tsx'
import { FullDigest } from '../../ui/copy.tsx'
import { Facts } from '../../ui/facts.tsx'
import { count, formatNumber } from '../../ui/format.ts'
import { Notice } from '../../ui/notice.tsx'
import { Panel } from '../../ui/panel.tsx'
import { isStatus } from '../../ui/problem-words.ts'
import { saveText } from '../../ui/save-text.ts'
import { Failed } from '../../ui/states.tsx'
import { When } from '../../ui/values.tsx'
import classes from './audit.module.css'
import { checkpointQuery } from './queries.ts'

/** The signed state of the log: what an outsider keeps to check later that nothing before it was changed. */
export function Checkpoint() {
  const client = useClient()
  const checkpoint = useQuery(checkpointQuery(client))
  const verify = useMutation({ mutationFn: () => client.audit.verify() })
  const { data } = checkpoint
  return (
    <Panel
      title="Checkpoint"
      hint="A signed statement of the whole log. Keep a copy elsewhere: it proves later that nothing before it was changed."
    >
      <div className={classes.checkpoint}>
        <CheckpointFacts checkpoint={checkpoint} />
        <div className={classes.buttons}>
          <Button leftSection={<IconShieldCheck size={16} aria-hidden="true" />} loading={verify.isPending} onClick={() => verify.mutate()}>
            Verify log
          </Button>
          {data ? (
            <Button
              variant="default"
              leftSection={<IconDownload size={16} aria-hidden="true" />}
              onClick={() => saveText(`holdfast-checkpoint-${data.size}.txt`, data.note)}
            >
              Save signed note
            </Button>
          ) : null}
        </div>
        <div className={classes.verdict}>
          {verify.isError ? <Failed error={verify.error} what="The log could not be verified" /> : null}
          {verify.data ? <Verdict verdict={verify.data} /> : null}
        </div>
      </div>
    </Panel>
  )
}

function CheckpointFacts({ checkpoint }: { checkpoint: UseQueryResult<AuditCheckpoint> }) {
  const { data, error, isPending, refetch } = checkpoint
  if (isPending) return <Skeleton height={86} />
  if (error && !data) return <CheckpointMissing error={error} onRetry={() => void refetch()} />
  if (!data) return null
  return (
    <Facts
      facts={[
        [
          'Entries',
          <span key="size" className="hf-number">
            {formatNumber(data.size)}
          </span>,
        ],
        ['Root hash', <FullDigest key="root" value={data.rootHash} label="Copy root hash" />],
        ['Signed', <When key="at" at={data.at} full />],
        ['Verifier key', <FullDigest key="key" value={data.verifierKey} label="Copy verifier key" />],
      ]}
    />
  )
}

function CheckpointMissing({ error, onRetry }: { error: Error; onRetry: () => void }) {
  if (isStatus(error, 404)) return <span>No checkpoint has been signed yet. The first follows the first entries within moments.</span>
  return <Failed error={error} what="The checkpoint can't be shown" onRetry={onRetry} />
}

function Verdict({ verdict }: { verdict: AuditVerification }) {
  const pending =
    verdict.pending > 0 ? ` ${count(verdict.pending, 'newest entry waits', 'newest entries wait')} for the next checkpoint.` : ''
  if (verdict.ok)
    return (
      <Notice tone="good" live title="The log is intact">
        {count(verdict.entries, 'entry', 'entries')} and {count(verdict.checkpoints, 'signed checkpoint')} fit together; nothing was
        changed, removed or slipped in.{pending}
      </Notice>
    )
  return (
    <Notice
      tone="bad"
      live
      title={verdict.firstBad ? `Entry ${formatNumber(verdict.firstBad.index)} does not fit` : 'The log is not intact'}
    >
      {verdict.firstBad?.reason ?? 'The signed checkpoints and the entries do not agree.'}
      {verdict.firstBad?.entryId ? (
        <>
          {' '}
          Entry id <span className="hf-mono">{verdict.firstBad.entryId}</span>.
        </>
      ) : null}{' '}
      Keep this server as it is, save the signed note, and compare with a copy kept elsewhere.
    </Notice>
  )
}
