import { File, FileQuery, Page, Uuid } from '@holdfast/api'
import { Type } from 'typebox'
import { answers, NoContent } from '../answers.ts'
import type { HttpApp } from '../app-types.ts'
import { expectedVersion, tagged } from '../conditions.ts'
import type { Services } from '../services.ts'
import { registerContentRoutes } from './file-content.ts'
import { IfMatch } from './parameters.ts'

const tags = ['Files']
const FileParams = Type.Object({ fileId: Uuid }, { additionalProperties: false })
const VerifyQueued = Type.Object({ jobId: Uuid }, { additionalProperties: false })

export function registerFileRoutes(app: HttpApp, services: Services): void {
  const { files } = services
  const list = { summary: 'List files, newest first', tags, querystring: FileQuery, response: answers({ 200: Page(File) }) }
  app.get('/api/v1/files', { config: { permission: 'file.read' }, schema: list }, (request) => files.list(request.caller, request.query))

  const get = { summary: 'Get a file', tags, params: FileParams, response: answers({ 200: File }, ['NOT_FOUND']) }
  app.get('/api/v1/files/:fileId', { config: { permission: 'file.read' }, schema: get }, async (request, reply) =>
    tagged(reply, await files.get(request.caller, request.params.fileId)),
  )

  const remove = {
    summary: 'Delete a file',
    description: 'Its key is destroyed at once and its object removed in the background. The record of it stays in the log.',
    tags,
    params: FileParams,
    headers: IfMatch,
    response: answers({ 204: NoContent }, ['NOT_FOUND', 'CONFLICT', 'LEGAL_HOLD', 'PRECONDITION_FAILED']),
  }
  app.delete('/api/v1/files/:fileId', { config: { permission: 'file.delete' }, schema: remove }, async (request, reply) => {
    await files.remove(request.caller, request.params.fileId, expectedVersion(request))
    return reply.code(204).send()
  })

  const verify = {
    summary: 'Read the stored file back and prove it again, in the background',
    tags,
    params: FileParams,
    response: answers({ 202: VerifyQueued }, ['NOT_FOUND', 'FILE_NOT_READY', 'TARGET_REMOVED']),
  }
  app.post('/api/v1/files/:fileId/verify', { config: { permission: 'file.read' }, schema: verify }, async (request, reply) =>
    reply.code(202).send(await files.verify(request.caller, request.params.fileId)),
  )

  const cancelVerify = {
    summary: 'Stop the reading back of a direct file',
    description:
      'The log tells how many bytes were read. Where nothing reads the file, nothing happens. Right after its upload (SCANNING) the file ' +
      'becomes READY with the digest that its sender declared; that is for those who may upload.',
    tags,
    params: FileParams,
    response: answers({ 204: NoContent }, ['NOT_FOUND']),
  }
  app.delete('/api/v1/files/:fileId/verify', { config: { permission: 'file.read' }, schema: cancelVerify }, async (request, reply) => {
    await files.cancelVerify(request.caller, request.params.fileId)
    return reply.code(204).send()
  })
  registerContentRoutes(app, services)
}
