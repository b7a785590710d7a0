import type { StoredObject, ValidationFinding } from '@holdfast/api'
import { Stack } from '@mantine/core'
import { Notice } from '../../ui/notice.tsx'
import { Panel } from '../../ui/panel.tsx'
import { When } from '../../ui/values.tsx'
import { sayMalware, sayObject } from './object-words.ts'
import classes from './objects.module.css'

/** What the checks said, in words that whoever uploaded it can act on. */
export function ObjectVerdict({ object }: { object: StoredObject }) {
  const { statusReason, validation } = object
  const said = sayObject(object)
  return (
    <Panel title="Checks">
      <Stack gap="sm">
        <Notice tone={said.tone} title={said.label}>
          {/* Findings say the same at greater length. */}
          {statusReason && !validation?.length ? `${statusReason} ` : null}
          {said.explain}
        </Notice>
        {validation?.length ? <Findings findings={validation} /> : null}
        <Malware object={object} />
      </Stack>
    </Panel>
  )
}

const Findings = ({ findings }: { findings: readonly ValidationFinding[] }) => (
  <ul className={classes.findings} aria-label="Reasons">
    {findings.map((finding) => (
      <li key={`${finding.code}:${finding.at}:${finding.message}`}>
        {finding.message}
        <div className={classes.dim}>
          {finding.at ? <>At {finding.at} · </> : null}
          <span className="hf-mono">{finding.code}</span>
        </div>
      </li>
    ))}
  </ul>
)

function Malware({ object }: { object: StoredObject }) {
  const said = sayMalware(object.malware, object.status)
  if (!said) return null
  return (
    <Notice tone={said.tone} title={said.label}>
      {said.explain}
      {object.malware?.signaturesAt ? (
        <div className={classes.dim}>
          Signatures of <When at={object.malware.signaturesAt} />
        </div>
      ) : null}
    </Notice>
  )
}
