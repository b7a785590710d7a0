import type { Words } from '../migration.ts'

/** Background jobs and the rows that say when recurring ones are due. */
export const work = (t: Words): string[] => [
  `create table jobs (
    id ${t.id} not null, kind ${t.id} not null, tenant_id ${t.id}, payload ${t.text} not null, unique_key ${t.id}, status ${t.id} not null,
    run_at ${t.int} not null, attempts ${t.int} not null, max_attempts ${t.int} not null, lease_owner ${t.id}, lease_until ${t.int},
    cancel_requested ${t.flag} not null, progress ${t.text}, error ${t.text}, created_at ${t.int} not null, finished_at ${t.int},
    constraint jobs_id primary key (id),
    constraint jobs_lease check ((status = 'running') = (lease_owner is not null))) ${t.table}`,
  `create unique index jobs_unique_key on jobs (unique_key) where status in ('queued', 'running')`,
  `create index jobs_to_claim on jobs (run_at, id) where status = 'queued'`,
  `create index jobs_leased on jobs (lease_until) where status = 'running'`,
  `create index jobs_by_status on jobs (status, id)`,
  `create index jobs_finished on jobs (finished_at) where finished_at is not null`,
  `create table job_schedules (
    name ${t.id} not null, next_at ${t.int} not null, last_at ${t.int},
    constraint job_schedules_name primary key (name)) ${t.keyed}`,
]
