import type { Migration } from './migration.ts'

/**
 * `location` names the storage itself, however it is spelled in `place` (core/target-location). A tenant has each once, removed targets
 * among them: so the same storage is taken back with its files, and never used as two. `capabilities` is what a probe found, JSON.
 */
export const targetLocations: Migration = {
  name: '0003-target-locations',
  statements: (t) => [
    `alter table targets add column location ${t.id}`,
    `alter table targets add column capabilities ${t.text}`,
    `create unique index targets_tenant_id_location on targets (tenant_id, location) where location is not null`,
  ],
}
