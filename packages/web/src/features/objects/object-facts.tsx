import type { StoredObject } from '@holdfast/api'
import type { ReactNode } from 'react'
import { FullDigest } from '../../ui/copy.tsx'
import { TextLink } from '../../ui/links.tsx'
import { retentionWords, sayExpiry } from '../../ui/retention-words.ts'
import { ExactSize, When } from '../../ui/values.tsx'
import { protectionWords } from './object-words.ts'
import classes from './objects.module.css'

type Fact = readonly [string, ReactNode]

export function factsOf(object: StoredObject): readonly Fact[] {
  const { sha256 } = object.checksums
  return [
    ['Owner', <OwnerLink key="owner" object={object} />],
    [
      'Class',
      <TextLink key="class" to="/files" search={{ class: object.objectClass }} className="hf-mono">
        {object.objectClass}
      </TextLink>,
    ],
    ['Size', <ExactSize key="size" bytes={object.fileSize} />],
    ['Type', object.contentType],
    ['SHA-256', sha256 ? <FullDigest key="sha" value={sha256} label="Copy SHA-256" /> : 'Not known yet'],
    ['Protection', protectionWords[object.protection]],
    ['Uploaded by', object.uploadedBy],
    ['Uploaded', <When key="created" at={object.createdAt} full />],
    ['Ready since', object.readyAt ? <When key="ready" at={object.readyAt} full /> : null],
    ['Missing since', object.missingSince ? <When key="missing" at={object.missingSince} full /> : null],
    ['Storage key', <FullDigest key="key" value={object.storageKey} label="Copy storage key" />],
    ['File id', <FullDigest key="id" value={object.id} label="Copy file id" />],
  ]
}

const OwnerLink = ({ object: { ownerEntityType, ownerEntityId } }: { object: StoredObject }) => (
  <TextLink to="/files" search={{ owner: ownerEntityType, ownerId: ownerEntityId }}>
    {ownerEntityType} {ownerEntityId}
  </TextLink>
)

export function retentionFactsOf(object: StoredObject): readonly Fact[] {
  const { label, explain } = retentionWords[object.retention]
  const { supersededBy, expiresAt } = object
  return [
    [
      'Rule',
      <div key="rule">
        {label}
        <div className={classes.dim}>{explain}</div>
      </div>,
    ],
    ['Goes', sayExpiry(object, Date.now()) ?? 'Never by itself'],
    ['On', expiresAt ? <When key="expires" at={expiresAt} full /> : null],
    [
      'Replaced by',
      supersededBy ? (
        <TextLink key="by" to="/files/$fileId" params={{ fileId: supersededBy }}>
          The version that took its place
        </TextLink>
      ) : null,
    ],
  ]
}
