import '@mantine/core/styles.css'
import '@mantine/dropzone/styles.css'
import '@mantine/notifications/styles.css'
import './app/base.css'
import { createClient, createUploadQueue } from '@holdfast/client'
import { MantineProvider } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { keepOfflinePage } from './app/offline-page.ts'
import { createQueryClient } from './app/query-client.ts'
import { createAppRouter } from './app/router.tsx'
import { ServicesProvider } from './app/services.tsx'
import { createSessionState } from './app/session-state.ts'
import { cssVariables, theme } from './app/theme.ts'
import { refreshAfterUploads } from './app/upload-watch.ts'
import { readSetupCode } from './features/session/setup-code.ts'

/** Takes the one-time code out of the address bar and the history before anything else runs. */
function takeSetupCode(): string | null {
  const code = readSetupCode(window.location.hash)
  if (code !== null) window.history.replaceState(null, '', window.location.pathname + window.location.search)
  return code
}

function start(): void {
  const setupCode = takeSetupCode()
  const client = createClient({ baseUrl: '' })
  const uploads = createUploadQueue({ client })
  const session = createSessionState()
  const services = { client, uploads, session, setupCode }
  const queries = createQueryClient(session)
  refreshAfterUploads(uploads, queries)
  const router = createAppRouter({ services, queries })
  const root = document.getElementById('root')
  if (!root) throw new Error('index.html has no #root')
  createRoot(root).render(
    <StrictMode>
      <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
        <QueryClientProvider client={queries}>
          <ServicesProvider services={services}>
            <Notifications position="bottom-right" limit={4} autoClose={6000} />
            <RouterProvider router={router} />
          </ServicesProvider>
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  )
}

start()
keepOfflinePage()
