import type { Migration } from './migration.ts'

/**
 * Objects of apps: files that belong to an owner that an app names, under an object class. `policy` is the class as it was when the
 * upload began. A class that may be replaced has one current object an owner, which the index holds too. The last statement gives
 * tenants of before what new ones are made with: their built-in target serves Objects.
 */
export const objects: Migration = {
  name: '0005-objects',
  statements: (t) => [
    `alter table files add column owner_type ${t.id}`,
    `alter table files add column owner_id ${t.id}`,
    `alter table files add column object_class ${t.id}`,
    `alter table files add column replaceable ${t.flag} not null default 0`,
    `alter table files add column is_current ${t.flag} not null default 0`,
    `alter table files add column retention ${t.id}`,
    `alter table files add column expires_at ${t.int}`,
    `alter table files add column validation ${t.text}`,
    `alter table files add column malware ${t.text}`,
    `alter table files add column superseded_by ${t.id}`,
    `create index files_objects on files (tenant_id, id) where tier = 'object' and deleted_at is null`,
    `create index files_by_current on files (tenant_id, is_current, id) where tier = 'object' and deleted_at is null`,
    `create index files_by_owner on files (tenant_id, owner_type, owner_id, id) where tier = 'object' and deleted_at is null`,
    `create index files_by_class on files (tenant_id, object_class, id) where tier = 'object' and deleted_at is null`,
    `create index files_objects_by_status on files (tenant_id, status, id) where tier = 'object' and deleted_at is null`,
    `create index files_to_expire on files (expires_at, id) where expires_at is not null and deleted_at is null`,
    `create unique index files_sole_current on files (tenant_id, owner_type, owner_id, object_class)
      where is_current = 1 and replaceable = 1 and deleted_at is null`,
    `alter table uploads add column policy ${t.text}`,
    `alter table uploads add column content_type ${t.text}`,
    `alter table uploads add column url_expires_at ${t.int}`,
    `alter table uploads add column declared_md5 ${t.id}`,
    `create index uploads_of_objects on uploads (tenant_id, actor_id, url_expires_at) where policy is not null and status = 'open'`,
    `create table object_classes (
      id ${t.id} not null, tenant_id ${t.id} not null references tenants (id), name ${t.id} not null, description ${t.text} not null,
      content_types ${t.text} not null, max_bytes ${t.int} not null, retention ${t.id} not null, replaceable ${t.flag} not null,
      tier ${t.id} not null, malware ${t.id} not null, created_by ${t.text} not null, created_at ${t.int} not null, version ${t.int} not null,
      constraint object_classes_id primary key (id),
      constraint object_classes_max_bytes check (max_bytes > 0)) ${t.table}`,
    `create unique index object_classes_tenant_id_name on object_classes (tenant_id, name)`,
    `insert into role_bindings (tenant_id, role, target_id, bound_at, staged)
      select tenant_id, 'objects', id, created_at, 0 from targets where builtin = 1 and removed_at is null`,
  ],
}
