import type { NamedClass } from '../../core/object-classes.ts'
import type { DownloadService } from '../downloads.ts'
import type { FileService } from '../files.ts'
import type { IngestDeps } from '../ingest/deps.ts'
import type { SealedReaderDeps } from '../sealed/sealed-object.ts'

export type ObjectSettings = {
  readonly uploadUrlSeconds: number
  readonly downloadUrlSeconds: number
  /** No object is larger, whatever its class allows. */
  readonly maxBytes: number
  /** Classes of the configuration file, of all tenants. */
  readonly classes: readonly NamedClass[]
}

export type ObjectDeps = {
  readonly ingest: IngestDeps
  readonly reader: SealedReaderDeps
  readonly settings: ObjectSettings
  /** Signs the URLs of this server; the same on every instance. */
  readonly urlSecret: Uint8Array
  /** Makes the target of the configuration the tenant's own, where there is one and it is not yet. Repeatable and cheap. */
  readonly ensureTarget: (tenantId: string) => Promise<void>
}

export type ObjectServiceDeps = ObjectDeps & { readonly files: FileService; readonly downloads: DownloadService }
