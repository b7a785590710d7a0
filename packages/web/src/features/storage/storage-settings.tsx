import { useInfiniteQuery } from '@tanstack/react-query'
import { useClient } from '../../app/services.tsx'
import { count } from '../../ui/format.ts'
import { Page } from '../../ui/page.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Busy, Failed, More } from '../../ui/states.tsx'
import { targetsQuery } from './queries.ts'
import { Roles } from './roles.tsx'
import { TargetCard } from './target-card.tsx'

export function StorageSettings() {
  const targets = useInfiniteQuery(targetsQuery(useClient()))
  const rows = targets.data?.pages.flatMap((page) => page.items)
  return (
    <Page
      title="Storage"
      hint="Where files are kept. A role says which target new files of a kind go to; stored files stay where they are."
    >
      <Panel title="Storage targets" flush={rows !== undefined}>
        {targets.isError && !rows ? <Failed error={targets.error} what="Targets can't be shown" onRetry={() => targets.refetch()} /> : null}
        {targets.isPending ? <Busy>Loading storage targets</Busy> : null}
        {rows?.map((target) => (
          <TargetCard key={target.id} target={target} />
        ))}
        {rows ? (
          <More
            hasMore={targets.hasNextPage}
            loading={targets.isFetchingNextPage}
            onMore={() => targets.fetchNextPage()}
            shown={count(rows.length, 'target')}
          />
        ) : null}
      </Panel>
      <Roles />
    </Page>
  )
}
