import { IconFolderQuestion } from '@tabler/icons-react'
import { ButtonLink } from '../../ui/links.tsx'
import { Page } from '../../ui/page.tsx'
import { isStatus } from '../../ui/problem-words.ts'
import { Empty, Failed } from '../../ui/states.tsx'

/** Instead of a case or item that can't be shown. Another organisation's ids look the same as ids that never were. */
export function Missing({ error, what, onRetry }: { error: Error; what: 'case' | 'evidence item'; onRetry: () => void }) {
  if (!isStatus(error, 404) && !isStatus(error, 400))
    return (
      <Page title={`The ${what} can't be shown`}>
        <Failed error={error} onRetry={onRetry} />
      </Page>
    )
  return (
    <Page title={`There is no such ${what}`}>
      <Empty
        icon={<IconFolderQuestion size={34} stroke={1.5} />}
        title={`This ${what} does not exist here, or was deleted`}
        action={<ButtonLink to="/cases">Show all cases</ButtonLink>}
      >
        Check the address. The audit log still tells what happened to what was deleted.
      </Empty>
    </Page>
  )
}
