import { useNavigate, useSearch } from '@tanstack/react-router'
import { JobList } from '../../features/jobs/job-list.tsx'

export function JobsPage() {
  const { status } = useSearch({ from: '/app/settings/jobs' })
  const navigate = useNavigate({ from: '/settings/jobs' })
  return <JobList status={status} onStatus={(next) => void navigate({ search: next ? { status: next } : {}, replace: true })} />
}
