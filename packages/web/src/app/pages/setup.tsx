import { useDocumentTitle } from '@mantine/hooks'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Gate } from '../../features/session/gate.tsx'
import { SetupForm } from '../../features/session/setup-form.tsx'
import { useServices } from '../services.tsx'

export function SetupPage() {
  useDocumentTitle('Set up · Holdfast')
  const { setupCode } = useServices()
  const navigate = useNavigate()
  const queries = useQueryClient()
  return (
    <Gate title="Set up Holdfast" hint="Make the first administrator. The one-time code shows that you run this server.">
      <SetupForm
        code={setupCode}
        onDone={async () => {
          queries.clear()
          await navigate({ to: '/cases', replace: true })
        }}
      />
    </Gate>
  )
}
