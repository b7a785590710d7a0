import { AssetLink, AssetLinkCreate, AssetLinkQuery, Page, Uuid } from '@holdfast/api'
import { Type } from 'typebox'
import { answers, NoContent } from '../answers.ts'
import type { HttpApp } from '../app-types.ts'
import type { Services } from '../services.ts'
import { IdempotencyKey, IdParams } from './parameters.ts'

const tags = ['Evidence']
const url = '/api/v1/evidence/assets/:id/links'
const LinkParams = Type.Object({ id: Uuid, linkId: Uuid }, { additionalProperties: false })

export function registerEvidenceLinks(app: HttpApp, { evidence }: Services): void {
  const link = {
    summary: 'Link a verified asset to a record of an app',
    description: 'Unique for each asset, app, sourceType, sourceId and kind: a repetition answers the link that is there.',
    tags,
    params: IdParams,
    headers: IdempotencyKey,
    body: AssetLinkCreate,
    response: answers({ 200: AssetLink, 201: AssetLink }, ['NOT_FOUND', 'FILE_NOT_READY', 'OBJECT_REJECTED', 'FILE_DAMAGED', 'CONFLICT']),
  }
  app.post(url, { config: { permission: 'file.upload', idempotent: 'replay' }, schema: link }, async (request, reply) => {
    const { link: made, isNew } = await evidence.link(request.caller, { id: request.params.id, input: request.body })
    return reply.code(isNew ? 201 : 200).send(made)
  })

  const list = {
    summary: 'List the links of an asset, newest first',
    tags,
    params: IdParams,
    querystring: AssetLinkQuery,
    response: answers({ 200: Page(AssetLink) }, ['NOT_FOUND']),
  }
  app.get(url, { config: { permission: 'file.read' }, schema: list }, (request) =>
    evidence.links(request.caller, { id: request.params.id, query: request.query }),
  )

  const unlink = { summary: 'Remove a link', tags, params: LinkParams, response: answers({ 204: NoContent }, ['NOT_FOUND']) }
  app.delete(`${url}/:linkId`, { config: { permission: 'file.upload' }, schema: unlink }, async (request, reply) => {
    await evidence.unlink(request.caller, request.params)
    return reply.code(204).send()
  })
}
