import { SECURE_TIER_MAX_BYTES } from '@holdfast/api'
import { Button } from '@mantine/core'
import { Dropzone } from '@mantine/dropzone'
import { IconFolderUp, IconLock, IconUpload } from '@tabler/icons-react'
import { type ReactNode, useRef } from 'react'
import { formatBytes } from '../../ui/format.ts'
import { Notice } from '../../ui/notice.tsx'
import { Panel } from '../../ui/panel.tsx'
import type { RefusedFile } from './check-files.ts'
import classes from './upload-area.module.css'
import { UploadRows } from './upload-rows.tsx'
import { type UploadPlace, useUploadArea } from './use-upload-area.ts'

type UploadAreaProps = { readonly place: UploadPlace; readonly children: ReactNode }

/** The Encrypted Storage section of those who may upload: all of it takes drops, and `children` are the stored files. */
export function UploadArea({ place, children }: UploadAreaProps) {
  const { rows, addFiles, refused, dismissRefused } = useUploadArea(place)
  const openPicker = useRef<() => void>(null)
  return (
    <Dropzone
      onDrop={addFiles}
      openRef={openPicker}
      activateOnClick={false}
      activateOnKeyboard={false}
      enablePointerEvents
      multiple
      tabIndex={-1}
      classNames={{ root: classes.zone, inner: classes.inner }}
    >
      <Panel
        title="Encrypted Storage"
        hint={<Hint />}
        actions={<ChooseButtons onChoose={() => openPicker.current?.()} onFolder={addFiles} />}
        flush
      >
        <Refusals refused={refused} onDismiss={dismissRefused} />
        <UploadRows rows={rows} />
        {children}
      </Panel>
      <div className={classes.over} aria-hidden="true">
        <IconLock size={34} stroke={1.5} />
        Drop to seal and store
      </div>
    </Dropzone>
  )
}

const Hint = () => (
  <>
    Sealed with AES-256-GCM before it reaches a disk. Up to {formatBytes(SECURE_TIER_MAX_BYTES)} per file. Drop files or folders anywhere
    here, paste them, or choose them.
  </>
)

function ChooseButtons({ onChoose, onFolder }: { onChoose: () => void; onFolder: (files: File[]) => void }) {
  const folder = useRef<HTMLInputElement>(null)
  return (
    <>
      <Button leftSection={<IconUpload size={16} aria-hidden="true" />} onClick={onChoose}>
        Choose files
      </Button>
      <Button variant="default" leftSection={<IconFolderUp size={16} aria-hidden="true" />} onClick={() => folder.current?.click()}>
        Choose a folder
      </Button>
      <input
        ref={folder}
        type="file"
        hidden
        multiple
        webkitdirectory=""
        onChange={(event) => {
          onFolder([...(event.currentTarget.files ?? [])])
          event.currentTarget.value = ''
        }}
      />
    </>
  )
}

function Refusals({ refused, onDismiss }: { refused: readonly RefusedFile[]; onDismiss: () => void }) {
  if (refused.length === 0) return null
  return (
    <div className={classes.refusals}>
      <Notice
        tone="bad"
        live
        title={refused.length === 1 ? `“${refused[0]?.name}” was not sent` : `${refused.length} files were not sent`}
        actions={
          <Button size="xs" variant="default" onClick={onDismiss}>
            Dismiss
          </Button>
        }
      >
        {refused.length === 1 ? (
          refused[0]?.reason
        ) : (
          <ul className={classes.refusedList}>
            {refused.map((file) => (
              <li key={file.name}>
                <strong>{file.name}</strong>: {file.reason}
              </li>
            ))}
          </ul>
        )}
      </Notice>
    </div>
  )
}
