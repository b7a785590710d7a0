import type { StoredObject } from '@holdfast/api'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useClient } from '../../app/services.tsx'
import { Facts } from '../../ui/facts.tsx'
import { ButtonLink, TextLink } from '../../ui/links.tsx'
import { Page } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { isStatus } from '../../ui/problem-words.ts'
import { Busy, Empty, Failed } from '../../ui/states.tsx'
import { visibleName } from '../../ui/visible-name.ts'
import { ObjectActions } from './object-actions.tsx'
import { factsOf, retentionFactsOf } from './object-facts.tsx'
import { ObjectLinks } from './object-links.tsx'
import { ObjectBadges } from './object-parts.tsx'
import { ObjectVerdict } from './object-verdict.tsx'
import { ObjectVersions } from './object-versions.tsx'
import { isAsset } from './object-words.ts'
import classes from './objects.module.css'
import { objectQuery } from './queries.ts'

type ObjectViewProps = {
  readonly fileId: string
  /** What other parts of the app know of it. */
  readonly holds: (object: StoredObject) => ReactNode
  readonly history: ReactNode
  /** Instead of saying that there is no such file: it may be one of a case. */
  readonly elsewhere: (missing: ReactNode) => ReactNode
}

/** Everything that is known of one file of an app. */
export function ObjectView({ fileId, holds, history, elsewhere }: ObjectViewProps) {
  const found = useQuery(objectQuery(useClient(), fileId))
  const object = found.data
  if (!object) return isMissing(found.error) ? elsewhere(<Missing />) : <NotShown error={found.error} onRetry={() => found.refetch()} />
  return (
    <Page
      title={visibleName(object.originalFilename)}
      above={<TextLink to="/files">Files</TextLink>}
      hint={<ObjectBadges object={object} />}
      actions={<ObjectActions object={object} />}
    >
      <div className={classes.columns}>
        <div className={classes.column}>
          <ObjectVerdict object={object} />
          <Panel title="The file">
            <Facts facts={factsOf(object)} />
          </Panel>
        </div>
        <div className={classes.column}>
          <Panel title="Retention">
            <Facts facts={retentionFactsOf(object)} />
          </Panel>
          {holds(object)}
          {isAsset(object) ? <ObjectLinks assetId={object.id} /> : null}
          {history ? <Panel>{history}</Panel> : null}
        </div>
      </div>
      {isAsset(object) ? null : <ObjectVersions object={object} />}
    </Page>
  )
}

const isMissing = (error: unknown): boolean => isStatus(error, 404) || isStatus(error, 400)

const NoPage = ({ children }: { children: ReactNode }) => (
  <Page title="File" above={<TextLink to="/files">Files</TextLink>}>
    <Panel>{children}</Panel>
  </Page>
)

const Missing = () => (
  <NoPage>
    <Empty icon={null} title="There is no such file" action={<ButtonLink to="/files">Show all files</ButtonLink>}>
      It does not exist here, or was deleted. The audit log still tells what happened to what was deleted.
    </Empty>
  </NoPage>
)

const NotShown = ({ error, onRetry }: { error: Error | null; onRetry: () => void }) => (
  <NoPage>{error ? <Failed error={error} what="The file can't be shown" onRetry={onRetry} /> : <Busy>Loading the file</Busy>}</NoPage>
)
