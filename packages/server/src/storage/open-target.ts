import type { FieldError } from '@holdfast/api'
import { type Static, type TSchema, Type } from 'typebox'
import { Value } from 'typebox/value'
import type { Clock } from '../core/clock.ts'
import { openLocalTarget } from './local.ts'
import { openSmbTarget } from './smb.ts'
import { StorageError, type StorageTarget } from './target.ts'

/** What a target row says: `place` holds the connection fields without secrets, `credentials` the opened secrets or null. */
export type TargetAddress = { readonly kind: string; readonly place: unknown; readonly credentials: unknown }

export type OpenContext = { readonly clock: Clock }

const closed = { additionalProperties: false } as const

export const LocalPlace = Type.Object(
  { path: Type.String({ pattern: '^/', maxLength: 4096, description: 'The absolute path of a folder of the server' }) },
  closed,
)
export type LocalPlace = Static<typeof LocalPlace>

const Host = Type.String({ pattern: '^[A-Za-z0-9]([A-Za-z0-9.:-]{0,252}[A-Za-z0-9])?$', description: 'A host name or address' })
const Port = Type.Integer({ minimum: 1, maximum: 65_535 })
/** Names that the drivers map would be mapped twice, so a folder is given as it is on the server. */
const Folder = Type.String({ pattern: '^([^/\\\\]+(/[^/\\\\]+)*)?$', maxLength: 1000, description: 'Below the share; / between names' })

export const SmbPlace = Type.Object(
  {
    host: Host,
    port: Type.Optional(Port),
    share: Type.String({ pattern: '^[^/\\\\:*?"<>|]+$', maxLength: 80 }),
    folder: Type.Optional(Folder),
    user: Type.String({ minLength: 1, maxLength: 256 }),
    domain: Type.Optional(Type.String({ maxLength: 256, description: 'WORKGROUP for standalone servers' })),
  },
  closed,
)
export type SmbPlace = Static<typeof SmbPlace>
export const SmbCredentials = Type.Object({ password: Type.String({ maxLength: 512 }) }, closed)
export type SmbCredentials = Static<typeof SmbCredentials>

type Kind = {
  readonly place: TSchema
  readonly credentials: TSchema
  open(address: { place: never; credentials: never }, context: OpenContext): Promise<StorageTarget>
}

/** Every kind that can be opened, by name. */
const kinds: Record<string, Kind> = {
  local: {
    place: LocalPlace,
    credentials: Type.Null(),
    open: ({ place }: { place: LocalPlace }, { clock }) => openLocalTarget({ path: place.path, clock }),
  },
  smb: {
    place: SmbPlace,
    credentials: SmbCredentials,
    open: async ({ place, credentials }: { place: SmbPlace; credentials: SmbCredentials }, { clock }) =>
      openSmbTarget({ port: 445, folder: '', domain: '', ...place, ...credentials, clock }),
  },
}

export const openableKinds: readonly string[] = Object.keys(kinds)

const errorsOf = (schema: TSchema, value: unknown, top: string): FieldError[] =>
  Value.Errors(schema, value).map((error) => ({
    field: `${top}${error.instancePath.replaceAll('/', '.')}`,
    message: error.message,
  }))

/** What is wrong with the fields of a target, by field (`place.path`, …); empty where nothing is. No value is repeated in it. */
export function checkAddress({ kind, place, credentials }: TargetAddress): FieldError[] {
  const found = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined
  if (!found) return [{ field: 'kind', message: `must be one of ${openableKinds.join(', ')}` }]
  return [...errorsOf(found.place, place, 'place'), ...errorsOf(found.credentials, credentials ?? null, 'credentials')]
}

/** Opens the driver of a target. Rejects with 'denied' where its fields are not those of its kind, else as the driver says. */
export async function openTarget(address: TargetAddress, context: OpenContext): Promise<StorageTarget> {
  const [error] = checkAddress(address)
  if (error) throw new StorageError('denied', `The target is not set up right: ${error.field} ${error.message}`)
  const { place, credentials } = address
  return kinds[address.kind]!.open({ place: place as never, credentials: (credentials ?? null) as never }, context)
}
