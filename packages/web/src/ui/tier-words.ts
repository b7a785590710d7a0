/** The tiers that have a section on cases and items. */
export type SectionTier = 'secure' | 'direct'

type SectionWords = {
  readonly title: string
  /** What holds the stored files and the uploads, for assistive technology. */
  readonly table: string
  readonly uploads: string
  /** For those who only read. */
  readonly hint: string
  readonly drop: string
  /** What happens to each file that is sent there. */
  readonly fate: string
}

/** The same section in two tiers: only the words differ. */
export const sectionWords: Record<SectionTier, SectionWords> = {
  secure: {
    title: 'Encrypted Storage',
    table: 'Stored files',
    uploads: 'Uploads',
    hint: 'Sealed with AES-256-GCM at rest, proven when stored and when read.',
    drop: 'Drop to seal and store',
    fate: 'Each is sealed, stored, read back and proven.',
  },
  direct: {
    title: 'Direct Storage',
    table: 'Files in Direct Storage',
    uploads: 'Uploads to Direct Storage',
    hint: 'Stored as they are, protected by the storage itself.',
    drop: 'Drop to store as they are',
    fate: 'Each goes to the storage as it is and is hashed on its way.',
  },
}
