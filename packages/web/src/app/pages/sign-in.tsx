import { useDocumentTitle } from '@mantine/hooks'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Gate } from '../../features/session/gate.tsx'
import { SignInForm } from '../../features/session/sign-in-form.tsx'
import { useServices } from '../services.tsx'

export function SignInPage() {
  useDocumentTitle('Sign in · Holdfast')
  const { next } = useSearch({ from: '/sign-in' })
  const navigate = useNavigate()
  const queries = useQueryClient()
  const { session } = useServices()
  return (
    <Gate title="Sign in">
      <SignInForm
        onSignedIn={async () => {
          queries.clear()
          session.resume()
          await navigate({ href: next ?? '/cases', replace: true })
        }}
      />
    </Gate>
  )
}
