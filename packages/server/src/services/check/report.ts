/** What a sound store holds to; each finding names the one that is broken. */
export const checkInvariants = {
  'file-object': 'Every stored file has its object, of the recorded size, at its target.',
  'file-opens': 'Every object opens under its file’s key, whole, and has the recorded SHA-256.',
  'file-row': 'A row has the digest that its state promises, and names the key of its case.',
  'file-flagged': 'No file is flagged as damaged.',
  'object-row': 'Every object at a target belongs to a file.',
  'write-row': 'Every write that is under way at a target belongs to an upload.',
  'upload-file': 'An upload and its file are in states that fit each other.',
  'upload-parts': 'The receipts of an open upload lie within its plan.',
  'upload-alive': 'No upload is stuck: idle ones are ended, interrupted completions are finished.',
  'object-current': 'What counts for an owner is READY, and one only where its class is replaced.',
  'asset-place': 'An asset of the evidence contract is out of quarantine exactly where it was verified.',
  'job-lost': 'Whatever waits for a background job has one.',
  'quota-sum': 'Used and reserved bytes of every target are the sums over its files and uploads.',
  'hold-kept': 'Nothing that a legal hold in force names is deleted.',
  target: 'Every target answers.',
  'audit-log': 'The audit log is whole and unchanged.',
} as const
export type CheckInvariant = keyof typeof checkInvariants

/** `subject` is an id or a key, for operators. */
export type CheckFinding = { readonly invariant: CheckInvariant; readonly subject: string; readonly detail: string }

export type CheckCounts = {
  files: number
  bytes: number
  opened: number
  objects: number
  writes: number
  uploads: number
  targets: number
  auditEntries: number
}

export type CheckReport = {
  readonly ok: boolean
  /** Whether every object was opened and hashed, not only looked up. */
  readonly full: boolean
  readonly counts: Readonly<CheckCounts>
  readonly findings: readonly CheckFinding[]
}

/** Collects what a check finds. */
export interface CheckNotes {
  readonly counts: CheckCounts
  find(invariant: CheckInvariant, subject: string, detail: string): void
}

export function createCheckNotes(): CheckNotes & { report(full: boolean): CheckReport } {
  const counts: CheckCounts = { files: 0, bytes: 0, opened: 0, objects: 0, writes: 0, uploads: 0, targets: 0, auditEntries: 0 }
  const findings: CheckFinding[] = []
  return {
    counts,
    find: (invariant, subject, detail) => void findings.push({ invariant, subject, detail }),
    report: (full) => ({ ok: findings.length === 0, full, counts: { ...counts }, findings: [...findings] }),
  }
}

/** The report as lines for a person. */
export function describeCheck(report: CheckReport): string[] {
  const { counts, findings } = report
  const opened = report.full ? `, ${counts.opened} opened and hashed` : ', looked up'
  return [
    `${counts.files} files (${counts.bytes} bytes)${opened}; ${counts.objects} objects, ${counts.writes} writes under way at ${counts.targets} targets`,
    `${counts.uploads} uploads under way; ${counts.auditEntries} audit entries`,
    ...findings.map(({ invariant, subject, detail }) => `✖ ${invariant} ${subject}: ${detail}`),
    findings.length === 0 ? 'Everything holds.' : `${findings.length} findings.`,
  ]
}
