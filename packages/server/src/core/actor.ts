import type { RoleName, TokenScope } from '@holdfast/api'

/** Who does something: a signed-in user, an API token, the command line on this machine, or the system's own jobs. */
export type Actor = {
  readonly kind: 'user' | 'token' | 'cli' | 'system'
  readonly id: string
  readonly name: string
}

/** What every service call carries: who, for which tenant, with what role, under which request. */
export type Caller = {
  readonly actor: Actor
  readonly tenantId: string
  readonly role: RoleName
  /** Of a limited token; absent: all that the role allows. */
  readonly scopes?: readonly TokenScope[]
  readonly requestId: string | null
}

export const systemActor: Actor = { kind: 'system', id: 'system', name: 'Holdfast' }
/** Stands in the log where something belongs to no tenant: the nil UUID (RFC 9562 §5.9). */
export const systemTenantId = '00000000-0000-0000-0000-000000000000'
