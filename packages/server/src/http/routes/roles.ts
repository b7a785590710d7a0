import { Page, RoleBind, RoleBinding, StorageRole } from '@holdfast/api'
import { Type } from 'typebox'
import { answers } from '../answers.ts'
import type { HttpApp } from '../app-types.ts'
import type { Services } from '../services.ts'

const tags = ['Storage']
const RoleParams = Type.Object({ role: StorageRole }, { additionalProperties: false })

export function registerRoleRoutes(app: HttpApp, { roles }: Services): void {
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
}
