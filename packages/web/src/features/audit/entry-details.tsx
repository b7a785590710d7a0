import type { AuditEntry } from '@holdfast/api'
import { Button, Drawer, Stack } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconCertificate } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { useClient } from '../../app/services.tsx'
import { auditResultWords, sayEntry } from '../../ui/audit-words.ts'
import { FullDigest } from '../../ui/copy.tsx'
import { Facts } from '../../ui/facts.tsx'
import { formatNumber } from '../../ui/format.ts'
import { TextLink } from '../../ui/links.tsx'
import { sayProblem } from '../../ui/problem-words.ts'
import { saveText } from '../../ui/save-text.ts'
import { StatusBadge } from '../../ui/status-badge.tsx'
import { When } from '../../ui/values.tsx'
import classes from './audit.module.css'

export function EntryDetails({ entry, onClose }: { entry: AuditEntry | undefined; onClose: () => void }) {
  return (
    <Drawer
      opened={entry !== undefined}
      onClose={onClose}
      position="right"
      size="34rem"
      title="Audit entry"
      closeButtonProps={{ 'aria-label': 'Close details' }}
    >
      {entry ? <Details entry={entry} /> : null}
    </Drawer>
  )
}

function Details({ entry }: { entry: AuditEntry }) {
  return (
    <Stack gap="md">
      <h2 style={{ margin: 0, fontSize: '1.0625rem', overflowWrap: 'anywhere' }}>
        <bdi>{sayEntry(entry)}</bdi>
      </h2>
      <Facts facts={factsOf(entry)} />
      <section aria-labelledby="entry-data">
        <h3 id="entry-data" style={{ margin: '0 0 0.5rem', fontSize: '0.9375rem' }}>
          Recorded details
        </h3>
        <pre className={classes.json}>{JSON.stringify(entry.details, null, 2)}</pre>
      </section>
      <ProofButton entry={entry} />
    </Stack>
  )
}

/** A proof that outsiders check with public tools, without this server. */
function ProofButton({ entry }: { entry: AuditEntry }) {
  const client = useClient()
  const save = useMutation({
    mutationFn: () => client.audit.proof(entry.id),
    onSuccess: (proof) => saveText(`holdfast-entry-${proof.index}.tlog-proof`, proof.proof),
    onError: (error) => {
      const said = sayProblem(error)
      notifications.show({ color: 'red', title: 'The proof could not be made', message: `${said.title}. ${said.text}` })
    },
  })
  return (
    <div>
      <Button
        variant="default"
        leftSection={<IconCertificate size={16} aria-hidden="true" />}
        disabled={entry.index === null}
        loading={save.isPending}
        onClick={() => save.mutate()}
      >
        Save inclusion proof
      </Button>
    </div>
  )
}

const mono = (key: string, text: string | null) =>
  text ? (
    <span key={key} className="hf-mono">
      {text}
    </span>
  ) : null

function factsOf(entry: AuditEntry) {
  const said = auditResultWords[entry.result]
  return [
    [
      'Result',
      <StatusBadge key="result" tone={said.tone}>
        {said.label}
      </StatusBadge>,
    ],
    ['Action', mono('action', entry.action)],
    ['When', <When key="at" at={entry.at} full />],
    ['Who', `${entry.actor.name} (${entry.actor.kind})`],
    ['Actor id', <FullDigest key="actor" value={entry.actor.id} label="Copy actor id" />],
    ['Case', entry.caseId ? <CaseLink key="case" entry={entry} /> : null],
    ['Item id', mono('item', entry.itemId)],
    ['File', entry.fileId ? <FileLink key="file" entry={entry} /> : null],
    ['Request id', mono('request', entry.requestId)],
    ['Entry', entry.index === null ? 'Waiting for its place in the log' : `Number ${formatNumber(entry.index)}`],
    ['Leaf hash', entry.leafHash ? <FullDigest key="leaf" value={entry.leafHash} label="Copy leaf hash" /> : null],
    ['Entry id', <FullDigest key="id" value={entry.id} label="Copy entry id" />],
  ] as const
}

const CaseLink = ({ entry }: { entry: AuditEntry }) => (
  <TextLink to="/cases/$caseId" params={{ caseId: entry.caseId ?? '' }}>
    Open the case
  </TextLink>
)

const FileLink = ({ entry }: { entry: AuditEntry }) =>
  entry.caseId ? (
    <TextLink to="/cases/$caseId" params={{ caseId: entry.caseId }} search={{ file: entry.fileId ?? '' }}>
      Open the file
    </TextLink>
  ) : (
    <span className="hf-mono">{entry.fileId}</span>
  )
