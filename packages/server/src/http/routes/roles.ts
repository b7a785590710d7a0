import { Page, RoleBind, RoleBinding, StorageRole, TargetTestResult } from '@holdfast/api'
import { Type } from 'typebox'
import { answers } from '../answers.ts'
import type { HttpApp } from '../app-types.ts'
import { clientGone } from '../client-gone.ts'
import { originOf } from '../request-origin.ts'
import type { Services } from '../services.ts'
import type { RouteContext } from './index.ts'

const tags = ['Storage']
const RoleParams = Type.Object({ role: StorageRole }, { additionalProperties: false })

export function registerRoleRoutes(app: HttpApp, { roles, targets }: Services, { origins }: RouteContext): void {
  const list = { summary: 'List the storage roles and which targets can serve them', tags, response: answers({ 200: Page(RoleBinding) }) }
  app.get('/api/v1/roles', { config: { permission: 'target.read' }, schema: list }, (request) => roles.list(request.caller))

  const bind = {
    summary: 'Bind a storage role to a target',
    description: 'For new files; those that are stored stay where they are. A targetId of null unbinds.',
    tags,
    params: RoleParams,
    body: RoleBind,
    response: answers({ 200: RoleBinding }, ['NOT_FOUND', 'CONFLICT']),
  }
  app.put('/api/v1/roles/:role', { config: { permission: 'target.write' }, schema: bind }, (request) =>
    roles.bind(request.caller, request.params.role, request.body),
  )

  const test = {
    summary: 'Send a small file the way that those of Direct go, step by step',
    description:
      'For a bucket as a page at the origin of this request would: CORS, a signed part, its ETag, a signed download. For a file server the ' +
      'way of chunks through this server. A step that failed says what to do about it.',
    tags,
    response: answers({ 200: TargetTestResult }),
  }
  app.post('/api/v1/roles/direct/test', { config: { permission: 'target.write' }, schema: test }, (request, reply) => {
    const origin = originOf(request) ?? origins[0] ?? `${request.protocol}://${request.host}`
    return targets.testDirect(request.caller, { signal: clientGone(reply), origin })
  })
}
