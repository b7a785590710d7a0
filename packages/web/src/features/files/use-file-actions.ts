import type { File as StoredFile } from '@holdfast/api'
import { notifications } from '@mantine/notifications'
import { useMutation } from '@tanstack/react-query'
import { keys } from '../../app/query-keys.ts'
import { useClient, useMay } from '../../app/services.tsx'
import { tellFault } from '../../ui/tell-fault.ts'
import { useRefresh } from '../../ui/use-refresh.ts'
import { visibleName } from '../../ui/visible-name.ts'
import { sayDownloadFault, startDownload } from './download.ts'
import { type Verdict, verifyAgain } from './verification.ts'

const pause = () => new Promise<void>((resolve) => setTimeout(resolve, 1_500))

const verdicts: Record<Verdict, { title: string; color?: string; autoClose?: false }> = {
  proven: { title: 'Verified: every byte is as it was sent', color: 'teal' },
  damaged: { title: 'Damaged: the stored object is not what was sealed', color: 'red', autoClose: false },
  'still-running': { title: 'No verdict yet; see the history of the file' },
}

/** What can be done with one file, and by this person. */
export function useFileActions(file: StoredFile) {
  const client = useClient()
  const refresh = useRefresh()
  const may = useMay()
  const download = useMutation({
    mutationFn: () => startDownload(client, file),
    onError: (error) => tellFault(`“${visibleName(file.name)}” can't be downloaded`, error, sayDownloadFault(error)),
    onSettled: () => refresh(keys.files, keys.audit),
  })
  const verify = useMutation({
    mutationFn: () => verifyAgain(client, file, { pause, patience: 600 }),
    onMutate: () =>
      notifications.show({ title: 'Verifying again', message: `“${visibleName(file.name)}” is being read back and checked.` }),
    onSuccess: (verdict) => notifications.show({ ...verdicts[verdict], message: `“${visibleName(file.name)}”` }),
    onError: (error) => tellFault(`“${visibleName(file.name)}” can't be verified now`, error),
    onSettled: () => refresh(keys.files, keys.audit, keys.jobs),
  })
  const remove = async () => {
    await client.files.remove(file.id)
    void refresh(keys.files, keys.cases, keys.items, keys.targets, keys.audit)
    notifications.show({ title: 'File deleted', message: `“${visibleName(file.name)}” was removed with its stored object.` })
  }
  return {
    download,
    verify,
    remove,
    mayDownload: may('file.download'),
    mayVerify: file.tier !== 'direct' && may('file.read') && ['READY', 'DAMAGED'].includes(file.status) && !file.target.removed,
    mayDelete: may('file.delete'),
  }
}

export type FileActionSet = ReturnType<typeof useFileActions>
