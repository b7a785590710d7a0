import { MiB, type ObjectClass } from '@holdfast/api'

/** What a class says, as an upload keeps it from its beginning to its end (O3). */
export type ObjectPolicy = Pick<ObjectClass, 'name' | 'contentTypes' | 'maxBytes' | 'retention' | 'replaceable' | 'tier' | 'malware'> & {
  /** A contract on top of objects that has a say in where the object lies and in what happens once it is judged. No API sets it. */
  readonly contract?: 'evidence'
  /** What validation finds is noted, and rejects nothing. */
  readonly validation?: 'note'
}
/** A class of the tables here and of the configuration file. */
export type NamedClass = ObjectPolicy & Pick<ObjectClass, 'description'>

const CSV = 'text/csv'
const JPEG = 'image/jpeg'
const PDF = 'application/pdf'
const PNG = 'image/png'
const SVG = 'image/svg+xml'
const WEBP = 'image/webp'
const XLS = 'application/vnd.ms-excel'
const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'

/** What a class is that says nothing else. */
export const classDefaults = { description: '', retention: 'PERMANENT', replaceable: false, tier: 'object', malware: 'reject' } as const

/** In a class: any type, known or not. No class that an API makes can hold it. */
export const ANY_TYPE = '*/*'

/** What an asset of the evidence contract is kept under: not a class that anyone can name. */
export const assetPolicy = (retention: ObjectPolicy['retention']): ObjectPolicy => ({
  ...{ name: 'EVIDENCE_ASSET', contentTypes: [ANY_TYPE], maxBytes: Number.MAX_SAFE_INTEGER, retention },
  ...{ replaceable: false, tier: 'object', malware: 'reject', contract: 'evidence', validation: 'note' },
})

const images = [JPEG, PNG, WEBP]
const papers = [JPEG, PNG, PDF]
const kept = { ...classDefaults, retention: 'COMPLIANCE_ARCHIVE' } as const
const replaced = { ...classDefaults, replaceable: true } as const

/** THE table of built-in classes (O2). */
export const builtinClasses: readonly NamedClass[] = [
  { ...replaced, name: 'USER_PROFILE_PHOTO', description: 'The picture of a person', contentTypes: images, maxBytes: 5 * MiB },
  { ...replaced, name: 'COMPANY_LOGO', description: 'The logo of a company', contentTypes: [...images, SVG], maxBytes: 5 * MiB },
  { ...replaced, name: 'CUSTOMER_SIGNATURE', description: 'A signature as a picture', contentTypes: images, maxBytes: 2 * MiB },
  { ...kept, name: 'KYC_IDENTITY_DOCUMENT', description: 'A passport or identity card', contentTypes: papers, maxBytes: 10 * MiB },
  { ...kept, name: 'KYC_SUPPORTING_DOCUMENT', description: 'Proof of address and the like', contentTypes: papers, maxBytes: 10 * MiB },
  { ...kept, name: 'LOAN_DOCUMENT', description: 'A paper of a loan', contentTypes: papers, maxBytes: 20 * MiB },
  {
    ...classDefaults,
    name: 'IMPORT_FILE',
    description: 'A table to import from',
    contentTypes: [CSV, XLS, XLSX],
    maxBytes: 50 * MiB,
    retention: 'IMPORT_ARTIFACT_90D',
  },
  { ...kept, name: 'STATEMENT', description: 'A statement of account', contentTypes: [PDF], maxBytes: 20 * MiB },
  { ...kept, name: 'REPORT', description: 'A report', contentTypes: [PDF, CSV], maxBytes: 20 * MiB },
  { ...classDefaults, name: 'GENERAL_DOCUMENT', description: 'Any other document', contentTypes: papers, maxBytes: 20 * MiB },
]
