import type { Target } from '@holdfast/api'
import { formatBytes } from '../../ui/format.ts'
import { Notice } from '../../ui/notice.tsx'

type Held = Pick<Target, 'usedBytes' | 'reservedBytes'>

/** Says what a quota below what is stored means, before it is saved. */
export function QuotaTooSmall({ target, quotaBytes }: { target: Held; quotaBytes: number | null }) {
  const held = target.usedBytes + target.reservedBytes
  if (quotaBytes === null || quotaBytes >= held) return null
  return (
    <Notice tone="attention" live title="Below what is stored already">
      {formatBytes(held)} are stored or reserved. Files stay readable; new ones are refused until there is room.
    </Notice>
  )
}
