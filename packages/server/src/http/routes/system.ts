import { SystemInfo } from '@holdfast/api'
import { answers } from '../answers.ts'
import type { HttpApp } from '../app-types.ts'
import type { Services } from '../services.ts'

export function registerSystemRoutes(app: HttpApp, { system }: Services): void {
  const schema = { summary: 'Version and limits of this server', tags: ['Operation'], response: answers({ 200: SystemInfo }) }
  app.get('/api/v1/system', { config: { permission: 'signed-in' }, schema }, () => system.info())
}
