import type { RoleName } from '@holdfast/api'

/** What each role may do, in one line that an administrator can choose by. */
export const roleWords: Record<RoleName, { label: string; explain: string }> = {
  admin: { label: 'Admin', explain: 'Everything, with people, storage, API tokens, legal holds, webhooks and deleting cases.' },
  examiner: { label: 'Examiner', explain: 'Makes cases, uploads, downloads and deletes files.' },
  viewer: { label: 'Viewer', explain: 'Sees cases and downloads files; changes nothing.' },
  auditor: { label: 'Auditor', explain: 'Sees cases, digests, legal holds and the audit log; opens no file and changes nothing.' },
}

/** From here and not from the schemas, which would bring their validator into the page. */
export const roleNames = Object.keys(roleWords) as RoleName[]
