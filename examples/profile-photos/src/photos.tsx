import type { StoredObject } from '@holdfast/api'
import { useEffect, useState } from 'react'
import { deletePhoto, photoUrl } from './photo-calls.ts'

/** A signed address is for now: it is asked for when the photo is shown, and kept nowhere. */
function Photo({ photo, large = false }: { photo: StoredObject; large?: boolean }) {
  const [url, setUrl] = useState<string | null>(null)
  useEffect(() => {
    let gone = false
    photoUrl(photo.id).then(
      (found) => gone || setUrl(found),
      () => gone || setUrl(null),
    )
    return () => {
      gone = true
    }
  }, [photo.id])
  const className = large ? 'photo large' : 'photo'
  return url === null ? <span className={className} /> : <img className={className} src={url} alt={photo.originalFilename} />
}

export function CurrentPhoto({ photo }: { photo: StoredObject | undefined }) {
  return (
    <section aria-label="Current photo" className="current">
      {photo ? <Photo photo={photo} large /> : <span className="photo large empty">No photo yet</span>}
      <h1>Ada Lovelace</h1>
    </section>
  )
}

const time = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' })

type Props = { readonly photos: readonly StoredObject[]; readonly onDeleted: () => void; readonly onFailed: (message: string) => void }

export function PhotoList({ photos, onDeleted, onFailed }: Props) {
  const remove = (id: string) => deletePhoto(id).then(onDeleted, (error: Error) => onFailed(error.message))
  return (
    <section aria-label="All photos">
      <h2>All photos</h2>
      <ul>
        {photos.map((photo) => (
          <li key={photo.id}>
            <Photo photo={photo} />
            <div className="facts">
              <span className="name">{photo.originalFilename}</span>
              <span className="hint">
                {photo.isCurrent ? 'Current' : `Replaced, kept until ${photo.expiresAt ? time.format(new Date(photo.expiresAt)) : '…'}`}
              </span>
            </div>
            <button type="button" aria-label={`Delete ${photo.originalFilename}`} onClick={() => remove(photo.id)}>
              Delete
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}
