import { Button } from '@mantine/core'
import { Dropzone } from '@mantine/dropzone'
import { IconArrowBarToDown, IconFolderUp, IconLock, IconUpload } from '@tabler/icons-react'
import { type ReactNode, useRef } from 'react'
import { Notice } from '../../ui/notice.tsx'
import { Panel } from '../../ui/panel.tsx'
import { type SectionTier, sectionWords } from '../../ui/tier-words.ts'
import type { RefusedFile } from './check-files.ts'
import { canPick, pickFiles } from './pick-files.ts'
import classes from './upload-area.module.css'
import { UploadRows } from './upload-rows.tsx'
import { type UploadPlace, useUploadArea } from './use-upload-area.ts'

type UploadAreaProps = {
  readonly place: UploadPlace
  /** What is said below the section's title; that files may be dropped, pasted and chosen is said behind it. */
  readonly hint: ReactNode
  readonly figure?: ReactNode
  /** Buttons beside those that choose files. */
  readonly actions?: ReactNode
  readonly children: ReactNode
}

const dropIcons: Record<SectionTier, typeof IconLock> = { secure: IconLock, direct: IconArrowBarToDown }

/** A section of those who may upload: all of it takes drops, and `children` are the stored files. */
export function UploadArea({ place, hint, figure, actions, children }: UploadAreaProps) {
  const { rows, addFiles, refused, dismissRefused } = useUploadArea(place)
  const openInput = useRef<() => void>(null)
  const choose = async () => {
    const picked = canPick() ? await pickFiles() : null
    if (picked) addFiles(picked)
    else openInput.current?.()
  }
  const words = sectionWords[place.tier]
  const DropIcon = dropIcons[place.tier]
  return (
    <Dropzone
      onDrop={addFiles}
      openRef={openInput}
      activateOnClick={false}
      activateOnKeyboard={false}
      enablePointerEvents
      multiple
      tabIndex={-1}
      data-upload-tier={place.tier}
      classNames={{ root: classes.zone, inner: classes.inner }}
    >
      <Panel
        title={words.title}
        hint={<>{hint} Drop files or folders anywhere here, paste them, or choose them.</>}
        figure={figure}
        actions={
          <>
            {actions}
            <ChooseButtons onChoose={() => void choose()} onFolder={addFiles} />
          </>
        }
        flush
      >
        <Refusals refused={refused} onDismiss={dismissRefused} />
        <UploadRows label={words.uploads} rows={rows} />
        {children}
      </Panel>
      <div className={classes.over} aria-hidden="true">
        <DropIcon size={34} stroke={1.5} />
        {words.drop}
      </div>
    </Dropzone>
  )
}

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
