import { Readable } from 'node:stream'
import { AuditCheckpoint, AuditConsistency, AuditEntry, AuditProof, AuditQuery, AuditVerification, Page, Uuid } from '@holdfast/api'
import { Type } from 'typebox'
import { answers, streamed } from '../answers.ts'
import type { HttpApp } from '../app-types.ts'
import { clientGone } from '../client-gone.ts'
import type { Services } from '../services.ts'

const tags = ['Audit']
const config = { permission: 'audit.read' as const }
const { limit: _limit, cursor: _cursor, ...filter } = AuditQuery.properties
const ExportQuery = Type.Object({ ...filter, format: Type.Enum(['csv', 'jsonl']) }, { additionalProperties: false })
const ConsistencyQuery = Type.Object(
  { from: Type.Integer({ minimum: 0, description: 'The size of the earlier checkpoint' }) },
  { additionalProperties: false },
)
const EntryParams = Type.Object({ entryId: Uuid }, { additionalProperties: false })

export function registerAuditRoutes(app: HttpApp, { audit }: Services): void {
  const list = { summary: 'List audit entries, newest first', tags, querystring: AuditQuery, response: answers({ 200: Page(AuditEntry) }) }
  app.get('/api/v1/audit/entries', { config, schema: list }, (request) => audit.list(request.caller, request.query))

  const exported = {
    summary: 'Export audit entries, oldest first',
    description: 'JSON lines can be verified offline with the log’s public key; CSV is for reading.',
    tags,
    querystring: ExportQuery,
    response: answers({ 200: streamed(['text/csv', 'application/jsonl'], 'The entries') }),
  }
  app.get('/api/v1/audit/export', { config, schema: exported, exposeHeadRoute: false }, async (request, reply) => {
    const done = await audit.export(request.caller, request.query, clientGone(reply))
    reply
      .type(done.contentType)
      .header('cache-control', 'no-store')
      .header('content-disposition', `attachment; filename="${done.fileName}"`)
    return reply.send(Readable.from(done.lines))
  })

  const checkpoint = {
    summary: 'Get a signed checkpoint of the log as it is now',
    tags,
    response: answers({ 200: AuditCheckpoint }),
  }
  app.get('/api/v1/audit/checkpoint', { config, schema: checkpoint }, (request) => audit.checkpoint(request.caller))

  const proof = {
    summary: 'Prove that an entry is in the log',
    tags,
    params: EntryParams,
    response: answers({ 200: AuditProof }, ['NOT_FOUND', 'CONFLICT']),
  }
  app.get('/api/v1/audit/proofs/:entryId', { config, schema: proof }, (request) => audit.proof(request.caller, request.params.entryId))
  const consistency = {
    summary: 'Prove that an earlier checkpoint is a prefix of the log as it is now',
    tags,
    querystring: ConsistencyQuery,
    response: answers({ 200: AuditConsistency }),
  }
  app.get('/api/v1/audit/consistency', { config, schema: consistency }, (request) => audit.consistency(request.caller, request.query.from))

  const verification = {
    summary: 'Check the whole log',
    description: 'Reads every entry. Who asks while a check runs gets its answer.',
    tags,
    response: answers({ 200: AuditVerification }),
  }
  app.get('/api/v1/audit/verification', { config, schema: verification }, (request) => audit.verification(request.caller))
}
