import { useDocumentTitle } from '@mantine/hooks'
import { useSearch } from '@tanstack/react-router'
import { Gate } from '../../features/session/gate.tsx'
import { SignInForm } from '../../features/session/sign-in-form.tsx'

/** Loads the app afresh once somebody is signed in: its policy then names the storage that this person's browser talks to. */
export function SignInPage() {
  useDocumentTitle('Sign in · Holdfast')
  const { next } = useSearch({ from: '/sign-in' })
  return (
    <Gate title="Sign in">
      <SignInForm onSignedIn={() => window.location.replace(next ?? '/cases')} />
    </Gate>
  )
}
