import { type RawBuilder, sql as raw } from 'kysely'

/**
 * Whether a legal hold in force covers the row of `files` at hand: one on it, on its case or on its owner. Literal text, since partial
 * indexes serve it. THE condition under which nothing may be deleted; the update to DELETED itself asks it.
 */
export const isHeld = raw<boolean>`(exists (select 1 from holds where holds.released_at is null
    and holds.tenant_id = files.tenant_id and holds.file_id = files.id)
  or exists (select 1 from holds where holds.released_at is null
    and holds.tenant_id = files.tenant_id and holds.case_id = files.case_id)
  or exists (select 1 from holds where holds.released_at is null
    and holds.tenant_id = files.tenant_id and holds.owner_type = files.owner_type and holds.owner_id = files.owner_id))`

/**
 * As `isHeld`, for the objects of apps of one tenant, which are of no case. It begins at the holds: of a million objects few are held, and
 * a list of those few does not look at the others.
 */
export const isHeldObject = (tenantId: string): RawBuilder<boolean> => raw<boolean>`files.id in (
    select holds.file_id from holds where holds.released_at is null and holds.tenant_id = ${tenantId} and holds.file_id is not null
  union
    select owned.id from holds join files as owned
      on owned.tenant_id = holds.tenant_id and owned.owner_type = holds.owner_type and owned.owner_id = holds.owner_id
    where holds.released_at is null and holds.tenant_id = ${tenantId} and holds.owner_id is not null
      and owned.tier = 'object' and owned.deleted_at is null)`
