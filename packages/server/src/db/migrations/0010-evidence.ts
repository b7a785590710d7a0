import type { Migration } from './migration.ts'

/**
 * The evidence contract (C2): an asset is a file of the tier `object` with the same id, here with what the contract adds. What state it is
 * in is its file's to say. Its object is below `quarantine/` at `target_id` until it is verified: `final_key` is where it goes then, and
 * what lies at `quarantine_key` is removed afterwards. An intent names the asset that it stands for now: another one, where it lapsed and
 * its sender came back.
 */
export const evidence: Migration = {
  name: '0010-evidence',
  statements: (t) => [
    `create table evidence_assets (
      id ${t.id} not null, tenant_id ${t.id} not null, app ${t.id} not null, company_id ${t.id}, kind ${t.id} not null,
      scan_status ${t.id} not null, target_id ${t.id} not null, quarantine_key ${t.text} not null, final_key ${t.text} not null,
      promoted_at ${t.int}, quarantine_purged_at ${t.int}, archived_at ${t.int},
      constraint evidence_assets_id primary key (id),
      constraint evidence_assets_file foreign key (tenant_id, id) references files (tenant_id, id)) ${t.table}`,
    `create unique index evidence_assets_tenant_id_id on evidence_assets (tenant_id, id)`,
    `create unique index evidence_assets_tenant_id_quarantine_key on evidence_assets (tenant_id, quarantine_key)`,
    `create unique index evidence_assets_tenant_id_final_key on evidence_assets (tenant_id, final_key)`,
    `create index evidence_assets_by_app on evidence_assets (tenant_id, app, id)`,
    `create index evidence_assets_by_company on evidence_assets (tenant_id, company_id, id) where company_id is not null`,
    `create index evidence_assets_in_quarantine on evidence_assets (id) where promoted_at is not null and quarantine_purged_at is null`,
    `create table evidence_intents (
      id ${t.id} not null, tenant_id ${t.id} not null, asset_id ${t.id} not null, idempotency_key ${t.id}, request_hash ${t.id} not null,
      created_at ${t.int} not null, cancelled_at ${t.int},
      constraint evidence_intents_id primary key (id),
      constraint evidence_intents_asset foreign key (tenant_id, asset_id) references evidence_assets (tenant_id, id)) ${t.table}`,
    `create unique index evidence_intents_tenant_id_idempotency_key on evidence_intents (tenant_id, idempotency_key)
      where idempotency_key is not null`,
    `create unique index evidence_intents_asset_id on evidence_intents (asset_id)`,
    `create table evidence_links (
      id ${t.id} not null, tenant_id ${t.id} not null, asset_id ${t.id} not null, app ${t.id} not null, company_id ${t.id},
      source_type ${t.id} not null, source_id ${t.id} not null, kind ${t.id} not null, created_by ${t.text} not null, created_at ${t.int} not null,
      constraint evidence_links_id primary key (id),
      constraint evidence_links_asset foreign key (tenant_id, asset_id) references evidence_assets (tenant_id, id)) ${t.table}`,
    `create unique index evidence_links_sole on evidence_links (asset_id, app, source_type, source_id, kind)`,
    `create index evidence_links_by_source on evidence_links (tenant_id, app, source_type, source_id, id)`,
  ],
}
