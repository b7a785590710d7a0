import type { Job } from '@holdfast/api'
import { Button, Group, NativeSelect } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconStack2 } from '@tabler/icons-react'
import { keepPreviousData, useInfiniteQuery, useMutation } from '@tanstack/react-query'
import { useMemo } from 'react'
import { keys } from '../../app/query-keys.ts'
import { useClient, useMay } from '../../app/services.tsx'
import { count, formatNumber } from '../../ui/format.ts'
import { Page } from '../../ui/page.tsx'
import { PagedTable } from '../../ui/paged-table.tsx'
import { Panel } from '../../ui/panel.tsx'
import { sayProblem } from '../../ui/problem-words.ts'
import type { Column } from '../../ui/record-table.tsx'
import { Empty } from '../../ui/states.tsx'
import { StatusBadge } from '../../ui/status-badge.tsx'
import { useRefresh } from '../../ui/use-refresh.ts'
import { When } from '../../ui/values.tsx'
import { jobStatusNames, jobStatusWords, sayKind, sayProgress } from './job-words.ts'
import classes from './jobs.module.css'
import { jobsQuery } from './queries.ts'

type JobListProps = { readonly status: Job['status'] | undefined; readonly onStatus: (status: Job['status'] | undefined) => void }

export function JobList({ status, onStatus }: JobListProps) {
  const may = useMay()
  const jobs = useInfiniteQuery({ ...jobsQuery(useClient(), status), placeholderData: keepPreviousData })
  const mayWrite = may('job.write')
  const columns = useMemo(() => jobColumns(mayWrite), [mayWrite])
  return (
    <Page
      title="Jobs"
      hint="Work that the server does in the background: verifying, cleaning up, signing the log. It goes on after a restart."
    >
      <Panel flush>
        <NativeSelect
          label="Status"
          maw="14rem"
          m="sm"
          value={status ?? ''}
          onChange={(event) => onStatus(jobStatusNames.find((one) => one === event.currentTarget.value))}
          data={[{ value: '', label: 'All' }, ...jobStatusNames.map((one) => ({ value: one, label: jobStatusWords[one].label }))]}
        />
        <PagedTable
          label="Jobs"
          query={jobs}
          columns={columns}
          rowKey={(job) => job.id}
          sayCount={(shown) => count(shown, 'job')}
          empty={<NoJobs filtered={status !== undefined} />}
          placeholderRows={6}
        />
      </Panel>
    </Page>
  )
}

const NoJobs = ({ filtered }: { filtered: boolean }) => (
  <Empty icon={<IconStack2 size={32} stroke={1.5} />} title={filtered ? 'No job has this status' : 'No jobs yet'}>
    {filtered ? null : 'The first upload brings the first job: reading the stored file back and proving it.'}
  </Empty>
)

const jobColumns = (mayWrite: boolean): readonly Column<Job>[] => [
  {
    id: 'kind',
    header: 'Job',
    role: 'name',
    cell: (job) => (
      <>
        {sayKind(job.kind)}
        {job.error ? <div className={classes.error}>{job.error}</div> : null}
      </>
    ),
  },
  {
    id: 'status',
    header: 'Status',
    width: '9rem',
    cell: (job) => (
      <StatusBadge tone={jobStatusWords[job.status].tone} explain={jobStatusWords[job.status].explain}>
        {jobStatusWords[job.status].label}
      </StatusBadge>
    ),
  },
  {
    id: 'progress',
    header: 'Progress',
    width: '11rem',
    cell: (job) => {
      const said = sayProgress(job.progress)
      return said === null ? null : <span className="hf-number">{said}</span>
    },
  },
  { id: 'attempts', header: 'Attempts', align: 'end', width: '6rem', cell: (job) => formatNumber(job.attempts) },
  { id: 'created', header: 'Created', width: '12.75rem', cell: (job) => <When at={job.createdAt} /> },
  {
    id: 'finished',
    header: 'Finished or due',
    width: '12.75rem',
    cell: (job) => (job.finishedAt ? <When at={job.finishedAt} /> : job.status === 'queued' ? <NextRun job={job} /> : null),
  },
  ...(mayWrite
    ? [{ id: 'actions', header: 'Actions', role: 'actions', width: '7rem', cell: (job) => <JobActions job={job} /> } satisfies Column<Job>]
    : []),
]

const NextRun = ({ job }: { job: Job }) => (
  <span className={classes.next}>
    not before <When at={job.runAt} />
  </span>
)

function JobActions({ job }: { job: Job }) {
  const client = useClient()
  const refresh = useRefresh()
  const act = useMutation({
    mutationFn: (action: 'retry' | 'cancel') => client.jobs[action](job.id),
    onError: (error) => {
      const said = sayProblem(error)
      notifications.show({ color: 'red', title: said.title, message: said.text })
    },
    onSettled: () => refresh(keys.jobs, keys.audit),
  })
  const name = sayKind(job.kind)
  if (job.system) return null
  return (
    <Group gap={4} justify="flex-end">
      {job.status === 'dead' || job.status === 'cancelled' ? (
        <Button
          size="compact-sm"
          variant="default"
          loading={act.isPending}
          aria-label={`Retry job: ${name}`}
          onClick={() => act.mutate('retry')}
        >
          Retry
        </Button>
      ) : null}
      {job.status === 'queued' || job.status === 'running' ? (
        <Button
          size="compact-sm"
          variant="default"
          loading={act.isPending}
          aria-label={`Cancel job: ${name}`}
          onClick={() => act.mutate('cancel')}
        >
          Cancel
        </Button>
      ) : null}
    </Group>
  )
}
