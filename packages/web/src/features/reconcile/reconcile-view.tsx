import type { Reconciliation, ReconciliationKind } from '@holdfast/api'
import { Button } from '@mantine/core'
import { IconGitCompare, IconX } from '@tabler/icons-react'
import { useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query'
import { keys } from '../../app/query-keys.ts'
import { useClient } from '../../app/services.tsx'
import { TextLink } from '../../ui/links.tsx'
import { Page } from '../../ui/page.tsx'
import { rowsOf } from '../../ui/paged-table.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Busy, Empty, Failed } from '../../ui/states.tsx'
import { useRefresh } from '../../ui/use-refresh.ts'
import { EarlierReports } from './earlier-reports.tsx'
import { Findings } from './findings.tsx'
import { reportsQuery, targetQuery } from './queries.ts'
import { isUnderWay } from './reconcile-words.ts'
import { ReportPanel } from './report-panel.tsx'

type Search = { readonly report?: string | undefined; readonly kind?: ReconciliationKind | undefined }
type ReconcileViewProps = { readonly targetId: string; readonly search: Search; readonly onSearch: (search: Search) => void }

const icon = { size: 15, 'aria-hidden': true } as const

/** Comparisons of one target with its records: the newest, or the one that is chosen, and those before it. */
export function ReconcileView({ targetId, search, onSearch }: ReconcileViewProps) {
  const client = useClient()
  const target = useQuery(targetQuery(client, targetId))
  const reports = useInfiniteQuery(reportsQuery(client, targetId))
  const rows = rowsOf(reports)
  const running = rows?.find(isUnderWay)
  const shown = rows?.find(({ id }) => id === search.report) ?? rows?.[0]
  const error = target.error ?? reports.error
  const name = target.data?.name
  return (
    <Page
      title={name ? `Reconcile ${name}` : 'Reconcile'}
      above={<TextLink to="/settings/storage">Storage</TextLink>}
      hint="Compares what apps have stored there with the records of it, both ways. It reports first; nothing is removed until you say so."
      actions={rows ? <Actions targetId={targetId} running={running} onStarted={() => onSearch({})} /> : null}
    >
      {error ? <Panel>{<Failed error={error} what="Reports can't be shown" onRetry={() => void reports.refetch()} />}</Panel> : null}
      {!rows && !error ? <Panel>{<Busy>Loading reports</Busy>}</Panel> : null}
      {rows?.length === 0 ? <NoReport /> : null}
      {shown ? <ReportPanel report={shown} /> : null}
      {shown ? <Findings report={shown} kind={search.kind} onKind={(kind) => onSearch({ ...search, kind })} /> : null}
      {rows && rows.length > 1 && shown ? <EarlierReports query={reports} shown={shown} /> : null}
    </Page>
  )
}

const NoReport = () => (
  <Panel>
    <Empty icon={<IconGitCompare size={32} stroke={1.5} />} title="Not compared yet">
      A report asks the target for each object once. It runs in the background, and files can be used meanwhile.
    </Empty>
  </Panel>
)

type ActionsProps = { readonly targetId: string; readonly running: Reconciliation | undefined; readonly onStarted: () => void }

function Actions({ targetId, running, onStarted }: ActionsProps) {
  const client = useClient()
  const refresh = useRefresh()
  const settle = () => refresh(keys.reconciliations, keys.jobs, keys.audit)
  const start = useMutation({ mutationFn: () => client.reconciliations.start(targetId), onSuccess: onStarted, onSettled: settle })
  const cancel = useMutation({ mutationFn: (id: string) => client.reconciliations.cancel(id), onSettled: settle })
  const failed = start.error ?? cancel.error
  return (
    <>
      {failed ? <Failed error={failed} /> : null}
      {running ? (
        <Button variant="default" leftSection={<IconX {...icon} />} loading={cancel.isPending} onClick={() => cancel.mutate(running.id)}>
          Cancel
        </Button>
      ) : (
        <Button leftSection={<IconGitCompare {...icon} />} loading={start.isPending} onClick={() => start.mutate()}>
          Compare now
        </Button>
      )}
    </>
  )
}
