import { useUploadFile } from '@holdfast/react'
import type { ChangeEvent } from 'react'

/** Chooses a photo and sends it: the hook is all that there is to it. */
export function ChoosePhoto({ onStored }: { onStored: () => void }) {
  const { upload, cancel, state, progress, detail } = useUploadFile()
  const busy = state === 'initiating' || state === 'uploading' || state === 'completing'
  const error = detail?.phase === 'error' ? detail.error : null

  async function choose({ target }: ChangeEvent<HTMLInputElement>) {
    const [file] = target.files ?? []
    target.value = ''
    if (file && (await upload(file)).phase === 'ready') onStored()
  }

  return (
    <section aria-label="New photo">
      <label className="button">
        {busy ? 'Choose another photo' : 'Choose a photo'}
        <input type="file" accept="image/jpeg,image/png,image/webp" onChange={choose} />
      </label>
      <p className="hint">JPEG, PNG or WebP, up to 5 MB</p>
      {busy && (
        <div className="sending">
          <progress aria-label="Progress" max={100} value={progress.percentage} />
          <button type="button" onClick={cancel}>
            Cancel
          </button>
        </div>
      )}
      <p role="status">{words[state]}</p>
      {error && (
        <div role="alert">
          <strong>The photo was not taken.</strong>
          {error.reasons.length === 0 ? <p>{error.message}</p> : error.reasons.map(({ code, message }) => <p key={code}>{message}</p>)}
        </div>
      )}
    </section>
  )
}

const words = {
  idle: '',
  initiating: 'Starting …',
  uploading: 'Sending …',
  completing: 'Checking …',
  done: 'This is your photo now.',
  error: '',
} as const
