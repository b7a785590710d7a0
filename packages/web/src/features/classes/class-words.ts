import { MiB, type ObjectClass, type ObjectClassCreate, type ObjectClassUpdate } from '@holdfast/api'
import type { Said } from '../../ui/tones.ts'

export const sourceWords: Record<ObjectClass['source'], Said> = {
  builtin: { tone: 'neutral', label: 'Built in', explain: 'Comes with Holdfast and stays as it is.' },
  file: {
    tone: 'neutral',
    label: 'From the file',
    explain: 'Comes from the configuration file, where whoever runs the server changes it.',
  },
  own: { tone: 'neutral', label: 'Own', explain: 'Made here; it can be changed and deleted.' },
}

export const tierChoices: readonly { readonly value: ObjectClass['tier']; readonly label: string }[] = [
  { value: 'object', label: 'Straight to the bucket where there is one, sealed elsewhere' },
  { value: 'secure', label: 'Always through this server, and sealed' },
]
export const malwareChoices: readonly { readonly value: ObjectClass['malware']; readonly label: string }[] = [
  { value: 'reject', label: 'Reject it' },
  { value: 'keep', label: 'Keep it, and hand it out as an attachment only' },
]
/** What a class can ask for; from here and not from the schemas, which would bring their validator into the page. */
export const classRetentionNames = [
  'PERMANENT',
  'COMPLIANCE_ARCHIVE',
  'TEMP_UPLOAD_24H',
  'IMPORT_ARTIFACT_90D',
] as const satisfies readonly ObjectClass['retention'][]

const shortTypes: Readonly<Record<string, string>> = {
  'image/jpeg': 'JPEG',
  'image/png': 'PNG',
  'image/webp': 'WebP',
  'image/gif': 'GIF',
  'image/svg+xml': 'SVG',
  'application/pdf': 'PDF',
  'text/csv': 'CSV',
  'text/plain': 'Text',
  'application/zip': 'ZIP',
  'application/vnd.ms-excel': 'XLS',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'XLSX',
}

/** What people call a content type. */
export const sayType = (contentType: string): string => shortTypes[contentType] ?? contentType

/** To choose from; any other may be typed. */
export const knownTypes = Object.keys(shortTypes)

export type ClassValues = {
  name: string
  description: string
  contentTypes: string[]
  megabytes: number | ''
  retention: (typeof classRetentionNames)[number]
  replaceable: boolean
  tier: ObjectClass['tier']
  malware: ObjectClass['malware']
}

export const emptyClass: ClassValues = {
  name: '',
  description: '',
  contentTypes: [],
  megabytes: 20,
  retention: 'PERMANENT',
  replaceable: false,
  tier: 'object',
  malware: 'reject',
}

export const valuesOf = ({
  name,
  description,
  contentTypes,
  maxBytes,
  retention,
  replaceable,
  tier,
  malware,
}: ObjectClass): ClassValues => ({
  ...{ name, description, contentTypes: [...contentTypes], megabytes: Math.round((maxBytes / MiB) * 1000) / 1000 },
  ...{ retention, replaceable, tier, malware },
})

const className = /^[A-Z][A-Z0-9_]{0,63}$/
const contentType = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,62}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}$/

/** What is missing or wrong, by field. */
export function classFaults({ name, contentTypes, megabytes }: ClassValues): Partial<Record<keyof ClassValues, string>> {
  const strange = contentTypes.find((type) => !contentType.test(type))
  const types =
    contentTypes.length === 0 ? 'Choose at least one type.' : strange ? `${strange} is no content type: write it as application/pdf.` : null
  return {
    ...(className.test(name.trim()) ? {} : { name: 'Begins with a capital letter; then capitals, digits and _, 64 at most.' }),
    ...(types ? { contentTypes: types } : {}),
    ...(megabytes === '' || megabytes <= 0 ? { megabytes: 'Enter how large a file may be.' } : {}),
  }
}

/** An MB is 1024² bytes here, as everywhere in Holdfast. */
export function toClassUpdate(values: ClassValues): ObjectClassUpdate {
  const { contentTypes, megabytes, retention, replaceable, tier, malware } = values
  const maxBytes = Math.max(1, Math.round(Number(megabytes) * MiB))
  return { description: values.description.trim(), contentTypes, maxBytes, retention, replaceable, tier, malware }
}

export const toClassCreate = (values: ClassValues): ObjectClassCreate => ({
  ...toClassUpdate(values),
  name: values.name.trim(),
  contentTypes: values.contentTypes,
  maxBytes: Math.max(1, Math.round(Number(values.megabytes) * MiB)),
})
