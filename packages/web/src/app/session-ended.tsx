import { Button, Modal } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useSyncExternalStore } from 'react'
import { SignInForm } from '../features/session/sign-in-form.tsx'
import { useMe, useServices, useUploadState } from './services.tsx'

/** Over the page, which stays as it is: the same person signs in again and goes on, uploads included. */
export function SessionEnded() {
  const { session, uploads } = useServices()
  const queries = useQueryClient()
  const me = useMe()
  const ended = useSyncExternalStore(session.subscribe, session.ended)
  const { rows } = useUploadState()
  const signedOut = rows.some((row) => row.state.phase === 'error' && row.state.error.code === 'signed-out')
  useEffect(() => {
    if (signedOut) session.end()
  }, [signedOut, session])
  const goOn = async () => {
    session.resume()
    for (const row of uploads.getState().rows)
      if (row.state.phase === 'error' && row.state.error.code === 'signed-out') uploads.retry(row.id)
    await queries.invalidateQueries()
  }
  return (
    <Modal
      opened={ended}
      onClose={() => {}}
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
      title="Your session has ended"
      size="sm"
    >
      <p style={{ marginTop: 0, fontSize: 'var(--mantine-font-size-sm)' }}>
        Sign in again to go on. This page stays as it is, and interrupted uploads continue where they were.
      </p>
      {me?.email ? <SignInForm email={me.email} onSignedIn={goOn} /> : null}
      <Button variant="subtle" fullWidth mt="xs" onClick={() => window.location.assign('/sign-in')}>
        Sign in as someone else
      </Button>
    </Modal>
  )
}
