import { Me } from '@holdfast/api'
import { answers } from '../answers.ts'
import type { HttpApp } from '../app-types.ts'
import type { Services } from '../services.ts'

export function registerMeRoutes(app: HttpApp, { access }: Services): void {
  const schema = { summary: 'Who you are and what you may do', tags: ['Sign-in'], response: answers({ 200: Me }) }
  app.get('/api/v1/me', { config: { permission: 'signed-in' }, schema }, (request) => access.me(request.caller))
}
