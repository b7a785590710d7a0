import type { File as StoredFile } from '@holdfast/api'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { directQuery } from '../../app/direct-state.ts'
import { keys } from '../../app/query-keys.ts'
import { useClient, useMay } from '../../app/services.tsx'
import { hashActionFor } from '../../ui/direct-file-words.ts'
import { tellFault } from '../../ui/tell-fault.ts'
import { useRefresh } from '../../ui/use-refresh.ts'
import { visibleName } from '../../ui/visible-name.ts'

/** Reading a stored object back for its digest, which may cost egress and take long: asked for first, and stopped at will (D10). */
export function useHashing(file: StoredFile) {
  const client = useClient()
  const queries = useQueryClient()
  const refresh = useRefresh()
  const may = useMay()
  const [asking, setAsking] = useState(false)
  const name = visibleName(file.name)
  const onSettled = () => refresh(keys.files, keys.audit, keys.jobs)
  const begin = useMutation({
    mutationFn: () => client.files.verify(file.id),
    onError: (error) => tellFault(`“${name}” can't be read back now`, error),
    onSettled,
  })
  const stop = useMutation({
    mutationFn: () => client.direct.cancelHashing(file.id),
    onError: (error) => tellFault(`Reading “${name}” back could not be stopped`, error),
    onSettled,
  })
  /** Small files at once; what is larger than the server's limit only after a word about what it may cost. */
  const start = useMutation({
    mutationFn: async () => {
      const { hashWarnBytes } = await queries.ensureQueryData(directQuery(client))
      if (file.size > hashWarnBytes) setAsking(true)
      else begin.mutate()
    },
    onError: (error) => tellFault(`“${name}” can't be read back now`, error),
  })
  const settled = file.status === 'READY' || file.status === 'DAMAGED'
  const mayRead = may('file.read') && settled && !file.target.removed && file.missingSince === null
  const mayStop = mayRead || (file.status === 'SCANNING' && may('file.upload') && !file.target.removed)
  return {
    action: file.tier === 'direct' && mayRead && file.hashing === null ? hashActionFor(file.hashState) : null,
    /** Right after the upload, too: what its sender declared then counts until somebody reads it back. */
    mayStop: file.tier === 'direct' && mayStop && file.hashing !== null,
    pending: begin.isPending || start.isPending,
    start: () => start.mutate(),
    stop,
    warning: { opened: asking, onClose: () => setAsking(false), onConfirm: () => begin.mutateAsync() },
  }
}

export type Hashing = ReturnType<typeof useHashing>
