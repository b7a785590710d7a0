import { sql as raw } from 'kysely'

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
