import { Button, Checkbox, Stack } from '@mantine/core'
import { CopyIcon } from '../../ui/copy.tsx'
import { Facts } from '../../ui/facts.tsx'
import { Notice } from '../../ui/notice.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Busy, Failed } from '../../ui/states.tsx'
import type { RemoteKind } from '../../ui/target-kinds.ts'
import { Abilities } from './abilities.tsx'
import classes from './storage.module.css'
import { placeErrors } from './target-checks.ts'
import { probing, TestOutcome, TestSteps } from './test-steps.tsx'
import { addressText, serverText, type TargetForm, type TargetFormState, type Tried } from './use-target-form.ts'

type TryPanelProps = { readonly kind: RemoteKind; readonly state: TargetFormState; readonly fixed: boolean }

/** The test of the fields as they are, saved or not; nothing of them is kept by it. */
export function TryPanel({ kind, state, fixed }: TryPanelProps) {
  const { trying, form } = state
  const { tried, pending } = trying
  const comparesKey = kind === 'sftp' && !fixed
  if (!tried && !pending && !trying.error && !comparesKey) return null
  return (
    <Panel title="Test connection" hint={comparesKey ? 'The fingerprint of the server is compared once, before it is saved.' : undefined}>
      <Stack gap="md">
        {pending ? <Running onStop={trying.stop} /> : null}
        {!pending && trying.error ? <TryFailed error={trying.error} /> : null}
        {!pending && !trying.error && tried ? <Result tried={tried} stale={tried.address !== addressText(kind, form.values)} /> : null}
        {comparesKey && !pending ? <HostKey form={form} tried={tried} /> : null}
      </Stack>
    </Panel>
  )
}

function Result({ tried, stale }: { tried: Tried; stale: boolean }) {
  const { result, keyOnly } = tried
  return (
    <>
      {stale ? (
        <Notice tone="attention" live title="Fields were changed since this test">
          Test the connection again to know.
        </Notice>
      ) : null}
      {keyOnly ? <TestSteps steps={result.steps.filter((step) => step.ok)} /> : <TestOutcome outcome={result} />}
      {result.capabilities ? (
        <div>
          <h3 className={classes.snippetTitle}>What it can do</h3>
          <Abilities found={result.capabilities} />
        </div>
      ) : null}
    </>
  )
}

const Running = ({ onStop }: { onStop: () => void }) => (
  <div>
    <Busy>{probing}</Busy>
    <Button variant="default" size="xs" onClick={onStop}>
      Stop the test
    </Button>
  </div>
)

function TryFailed({ error }: { error: Error }) {
  if (error.name === 'AbortError') return <Notice tone="neutral" title="The test was stopped" live />
  const { fields, rest } = placeErrors(error)
  if (rest.length > 0)
    return (
      <Notice tone="bad" live title="It can't be tested like this">
        {rest.join(' ')}
      </Notice>
    )
  if (Object.keys(fields).length > 0)
    return (
      <Notice tone="bad" live title="It can't be tested like this">
        Some fields above are not right yet.
      </Notice>
    )
  return <Failed error={error} />
}

type HostKeyProps = { readonly form: TargetForm; readonly tried: Tried | undefined }

/** Trust on first use, made a person's decision: the fingerprint is saved only once somebody says that they compared it (T5). */
function HostKey({ form, tried }: HostKeyProps) {
  const { error } = form.getInputProps('hostKey')
  const shown = tried?.server === serverText(form.values) ? tried.result.hostKey : null
  const seen = shown ?? (form.values.hostKey || null)
  const confirmed = seen !== null && form.values.hostKey === seen
  if (seen === null)
    return (
      <Notice tone={error ? 'bad' : 'neutral'} title="The host key is not known yet" live={Boolean(error)}>
        Choose Test connection below. It shows the fingerprint of the server for you to compare; no password or key is sent before.
      </Notice>
    )
  return (
    <div className={classes.hostKey}>
      <Facts facts={[['Fingerprint', <Fingerprint key="seen" value={seen} />]]} />
      <Checkbox
        mt="sm"
        label="I compared it with the server's own, on another way than this connection"
        description="On its console, or told by its administrator. From then on a server with another key is refused."
        checked={confirmed}
        error={error}
        onChange={(event) => form.setFieldValue('hostKey', event.currentTarget.checked ? seen : '')}
        data-path="hostKey"
      />
      {confirmed && tried?.keyOnly ? <p className={classes.needsEnd}>Test the connection again now: this time it signs in.</p> : null}
    </div>
  )
}

const Fingerprint = ({ value }: { value: string }) => (
  <span className={classes.fingerprint}>
    <code className="hf-mono">{value}</code>
    <CopyIcon value={value} label="Copy fingerprint" />
  </span>
)
