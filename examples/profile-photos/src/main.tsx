import type { StoredObject } from '@holdfast/api'
import { StrictMode, useCallback, useEffect, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { ChoosePhoto } from './choose-photo.tsx'
import { listPhotos } from './photo-calls.ts'
import { CurrentPhoto, PhotoList } from './photos.tsx'
import './style.css'

function App() {
  const [photos, setPhotos] = useState<readonly StoredObject[]>([])
  const [problem, setProblem] = useState<string | null>(null)
  const load = useCallback(() => {
    const failed = (error: Error) => setProblem(error.message)
    listPhotos().then((found) => {
      setPhotos(found)
      setProblem(null)
    }, failed)
  }, [])
  useEffect(load, [load])
  return (
    <main>
      <CurrentPhoto photo={photos.find(({ isCurrent }) => isCurrent)} />
      <ChoosePhoto onStored={load} />
      {problem && <p role="alert">{problem}</p>}
      {photos.length > 0 && <PhotoList photos={photos} onDeleted={load} onFailed={setProblem} />}
    </main>
  )
}

const root = document.getElementById('root')
if (root)
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  )
