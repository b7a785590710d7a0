import { IconApi } from '@tabler/icons-react'
import { useMay } from '../../app/services.tsx'
import { CopyTextButton } from '../../ui/copy.tsx'
import { ButtonLink } from '../../ui/links.tsx'
import { Empty } from '../../ui/states.tsx'
import classes from './objects.module.css'

/** What an app does, against this server. */
const threeCalls = (origin: string): string =>
  `# 1. Begin: answers storedObject.id, uploadUrl and uploadHeaders
curl -X POST ${origin}/api/v1/uploads/initiate \\
  -H "Authorization: Bearer $HOLDFAST_TOKEN" \\
  -H "Content-Type: application/json" -d '{
  "objectClass": "GENERAL_DOCUMENT",
  "ownerEntityType": "User", "ownerEntityId": "usr_123",
  "originalFilename": "letter.pdf",
  "contentType": "application/pdf", "fileSize": 48213 }'

# 2. Send the bytes there, with every header of uploadHeaders
curl -X PUT "$UPLOAD_URL" -H "Content-Type: application/pdf" \\
  --data-binary @letter.pdf

# 3. Complete: it is checked, then READY or REJECTED
curl -X POST ${origin}/api/v1/uploads/$ID/complete \\
  -H "Authorization: Bearer $HOLDFAST_TOKEN" \\
  -H "Content-Type: application/json" -d '{}'`

/** For whoever builds the app: what brings the first file here. */
export function NoObjects() {
  const mayMakeTokens = useMay()('token.write')
  const calls = threeCalls(window.location.origin)
  return (
    <Empty
      icon={<IconApi size={34} stroke={1.5} />}
      title="No app has stored a file yet"
      action={
        <div style={{ display: 'flex', flexWrap: 'wrap', gap: '0.5rem', justifyContent: 'center' }}>
          <CopyTextButton value={calls}>Copy the three calls</CopyTextButton>
          {mayMakeTokens ? (
            <ButtonLink to="/settings/tokens" variant="default">
              API tokens
            </ButtonLink>
          ) : null}
        </div>
      }
    >
      An app stores a file with three calls. The class decides which types it takes, how large, and how long they are kept.
      <pre className={classes.code}>{calls}</pre>
    </Empty>
  )
}
