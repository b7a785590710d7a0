import { ActionIcon, Button, CopyButton as MantineCopy, Tooltip } from '@mantine/core'
import { IconCheck, IconCopy } from '@tabler/icons-react'
import { short } from './format.ts'

/** Copies `value`. `label` names what is copied: "Copy SHA-256 of report.pdf". */
export function CopyIcon({ value, label }: { value: string; label: string }) {
  return (
    <MantineCopy value={value} timeout={1500}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? 'Copied' : 'Copy'}>
          <ActionIcon size="sm" aria-label={copied ? 'Copied' : label} onClick={copy}>
            {copied ? <IconCheck size={15} aria-hidden="true" /> : <IconCopy size={15} aria-hidden="true" />}
          </ActionIcon>
        </Tooltip>
      )}
    </MantineCopy>
  )
}

export function CopyTextButton({ value, children }: { value: string; children: string }) {
  return (
    <MantineCopy value={value} timeout={2000}>
      {({ copied, copy }) => (
        <Button variant="default" onClick={copy} leftSection={copied ? <IconCheck size={16} /> : <IconCopy size={16} />}>
          {copied ? 'Copied' : children}
        </Button>
      )}
    </MantineCopy>
  )
}

/** A digest cut to its first characters, with a button that copies it whole. */
export function ShortDigest({ value, of }: { value: string; of: string }) {
  return (
    <span style={{ display: 'inline-flex', alignItems: 'center', gap: '0.25rem' }}>
      <span className="hf-mono" title={value}>
        {short(value)}
      </span>
      <CopyIcon value={value} label={`Copy SHA-256 of ${of}`} />
    </span>
  )
}

/** A digest or hash in full, broken where it must, with a copy button. */
export function FullDigest({ value, label }: { value: string; label: string }) {
  return (
    <span style={{ display: 'inline-flex', alignItems: 'flex-start', gap: '0.25rem' }}>
      <span className="hf-mono" style={{ overflowWrap: 'anywhere' }}>
        {value}
      </span>
      <CopyIcon value={value} label={label} />
    </span>
  )
}
