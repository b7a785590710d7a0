import type { Migration } from './migration.ts'

/**
 * Numbers of cases are folders on storage (D14), and shares take folders whose names differ by upper and lower case alone for one: of such
 * numbers a new case gets none. Numbers are ASCII. Cases that had such numbers before keep them; the first of each has the folded one.
 */
export const foldedCaseNumbers: Migration = {
  name: '0015-folded-case-numbers',
  statements: (t) => [
    // The rows of all tenants.
    ...(t.kind === 'postgres' ? [`select set_config('holdfast.tenant', '*', true)`] : []),
    `alter table cases add column folded_number ${t.id}`,
    `update cases set folded_number = lower(number) where id in (select min(id) from cases group by tenant_id, lower(number))`,
    `create unique index cases_tenant_id_folded_number on cases (tenant_id, folded_number)`,
  ],
}
