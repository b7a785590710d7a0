import type { FieldError } from '@holdfast/api'
import type { TSchema } from 'typebox'
import { Value } from 'typebox/value'
import type { Capabilities } from './capabilities.ts'
import type { DirectProbe, DirectProbeOptions } from './direct-steps.ts'
import type { ProbeStep } from './probe-steps.ts'
import { type CallOptions, StorageError, type StorageTarget } from './target.ts'
import { type OpenContext, type TargetKind, targetKinds } from './target-kinds.ts'

export type { OpenContext } from './target-kinds.ts'

/** What a target row says: `place` holds the connection fields without secrets, `credentials` the opened secrets or null. */
export type TargetAddress = { readonly kind: string; readonly place: unknown; readonly credentials: unknown }

export const openableKinds: readonly string[] = Object.keys(targetKinds)

const errorsOf = (schema: TSchema, value: unknown, top: string): FieldError[] =>
  Value.Errors(schema, value).map((error) => ({
    field: `${top}${error.instancePath.replaceAll('/', '.')}`,
    message: error.message,
  }))

/** What is wrong with the fields of a target, by field (`place.path`, …); empty where nothing is. No value is repeated in it. */
export function checkAddress({ kind, place, credentials }: TargetAddress): FieldError[] {
  const found = Object.hasOwn(targetKinds, kind) ? targetKinds[kind] : undefined
  if (!found) return [{ field: 'kind', message: `must be one of ${openableKinds.join(', ')}` }]
  return [...errorsOf(found.place, place, 'place'), ...errorsOf(found.credentials, credentials ?? null, 'credentials')]
}

/** The kind of an address whose fields are right; throws 'denied' where they are not. */
function getKind(address: TargetAddress): TargetKind {
  const [error] = checkAddress(address)
  if (error) throw new StorageError('denied', `The target is not set up right: ${error.field} ${error.message}`)
  return targetKinds[address.kind]!
}

const fieldsOf = ({ place, credentials }: TargetAddress) => ({ place, credentials: credentials ?? null })

/** Opens the driver of a target. Rejects with 'denied' where its fields are not those of its kind, else as the driver says. */
export async function openTarget(address: TargetAddress, context: OpenContext): Promise<StorageTarget> {
  return getKind(address).open(fieldsOf(address), context)
}

/** What `testTarget` has to do before the round trip: `testTarget({ kind, clock, open, connect: await connectSteps(address, context) })`. */
export async function connectSteps(address: TargetAddress, context: OpenContext): Promise<ProbeStep[]> {
  return getKind(address).connect(fieldsOf(address), context)
}

/** Finds out what a target can do (T12), by trying; rejects where it cannot be reached or written. `origin` as for `probeS3`. */
export async function probeCapabilities(
  address: TargetAddress,
  context: OpenContext,
  options: CallOptions & { origin?: string } = {},
): Promise<Capabilities> {
  return getKind(address).probe(fieldsOf(address), context, options)
}

/** The steps of Test Direct (R3) after those of `connectSteps`. Rejects with 'denied' where the kind cannot serve Direct. */
export async function directProbe(address: TargetAddress, context: OpenContext, options: DirectProbeOptions): Promise<DirectProbe> {
  const { direct } = getKind(address)
  if (!direct) throw new StorageError('denied', 'Targets of this kind cannot serve Direct')
  return direct(fieldsOf(address), context, options)
}
