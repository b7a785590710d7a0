import type { CheckDeps } from './check-store.ts'
import type { CheckNotes } from './report.ts'

const PAGE = 200

/** What a hold in force names was there when it was placed, and nothing may have deleted it since. */
export async function checkHolds({ store }: CheckDeps, notes: CheckNotes): Promise<void> {
  for (let after = ''; ; ) {
    const page = await store.read.holds.pageActive(after, PAGE)
    for (const hold of page) {
      const gone =
        (hold.fileId !== null && (await store.read.files.find(hold.tenantId, hold.fileId)) === null) ||
        (hold.caseId !== null && (await store.read.cases.find(hold.tenantId, hold.caseId)) === null)
      if (gone && (await store.read.holds.find(hold.tenantId, hold.id))?.releasedAt === null)
        notes.find('hold-kept', hold.id, `the ${hold.scope} that it names is deleted`)
    }
    const last = page.at(-1)
    if (!last) return
    after = last.id
  }
}
