import type { ObjectDownload, StoredObject } from '@holdfast/api'

// The calls of this app that are no upload.

async function ask<T>(method: string, path: string): Promise<T> {
  const answer = await fetch(path, { method })
  if (answer.status === 204) return undefined as T
  const body = await answer.json()
  if (!answer.ok) throw new Error(body.detail ?? 'The app does not answer.')
  return body
}

export const listPhotos = async (): Promise<StoredObject[]> => (await ask<{ items: StoredObject[] }>('GET', '/api/photos')).items
export const photoUrl = async (id: string): Promise<string> => (await ask<ObjectDownload>('POST', `/api/photos/${id}/url`)).downloadUrl
export const deletePhoto = (id: string): Promise<void> => ask('DELETE', `/api/uploads/${id}`)
