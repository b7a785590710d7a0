import { type Static, type TSchema, Type } from 'typebox'
import type { Clock } from '../core/clock.ts'
import { type Capabilities, fileCapabilities } from './capabilities.ts'
import { type DirectProbe, type DirectProbeOptions, passthroughProbe } from './direct-steps.ts'
import type { EndpointPolicy } from './endpoint-guard.ts'
import { openLocalTarget } from './local.ts'
import type { ProbeStep } from './probe-steps.ts'
import type { S3Options } from './s3.ts'
import type { SftpOptions } from './sftp.ts'
import { openSmbTarget, type SmbOptions } from './smb.ts'
import { smbConnectSteps } from './smb-connect.ts'
import type { CallOptions, StorageTarget } from './target.ts'

export type OpenContext = {
  readonly clock: Clock
  /** Targets on this host are refused where not said. */
  readonly policy?: EndpointPolicy
  /** What a probe of the target found, where one was made. */
  readonly capabilities?: Pick<Capabilities, 'objectLock' | 'conditionalWrites'> | null
  /** Told what host key an SFTP server shows while it is tested, as `place.hostKey` takes it. */
  readonly onHostKey?: (hostKey: string) => void
}

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

export const S3Place = Type.Object(
  {
    endpoint: Type.String({
      pattern: '^(https?://([A-Za-z0-9][A-Za-z0-9.-]{0,252}|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?/?)?$',
      description: 'Empty for AWS; http:// switches TLS off',
    }),
    region: Type.String({ pattern: '^[A-Za-z0-9-]{1,64}$' }),
    bucket: Type.String({ pattern: '^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$', description: 'It exists already' }),
    prefix: Type.Optional(Type.String({ pattern: '^([^/\\u0000-\\u001f]+(/[^/\\u0000-\\u001f]+)*)?$', maxLength: 200 })),
    kmsKeyId: Type.Optional(Type.Union([Type.String({ pattern: '^[A-Za-z0-9:/_-]{1,2048}$' }), Type.Null()])),
    verifyCertificate: Type.Optional(Type.Boolean()),
  },
  closed,
)
export type S3Place = Static<typeof S3Place>
/** Null stands for the IAM role of this server. */
export const S3Credentials = Type.Union([
  Type.Object(
    {
      accessKeyId: Type.String({ pattern: '^[\\x21-\\x7e]{1,128}$' }),
      secretAccessKey: Type.String({ pattern: '^[\\x21-\\x7e]{1,256}$' }),
    },
    closed,
  ),
  Type.Null(),
])
export type S3Credentials = Static<typeof S3Credentials>

export const SftpPlace = Type.Object(
  {
    host: Host,
    port: Type.Optional(Port),
    user: Type.String({ pattern: '^[^\\u0000-\\u001f]+$', maxLength: 256 }),
    directory: Type.Optional(
      Type.String({
        pattern: '^[^\\u0000-\\u001f]*$',
        maxLength: 1000,
        description: 'Absolute, or below the home of the user; it exists already',
      }),
    ),
    hostKey: Type.Optional(
      Type.String({
        pattern: '^(ssh-ed25519|ecdsa-sha2-nistp(256|384|521)|ssh-rsa) SHA256:[A-Za-z0-9+/]{43}$',
        description: 'As Test connection shows it; every other key is refused. Without it whatever is shown first is trusted',
      }),
    ),
  },
  closed,
)
export type SftpPlace = Static<typeof SftpPlace>
export const SftpCredentials = Type.Union([
  Type.Object({ password: Type.String({ minLength: 1, maxLength: 1024 }) }, closed),
  Type.Object(
    {
      privateKey: Type.String({ minLength: 1, maxLength: 32_768 }),
      passphrase: Type.Optional(Type.Union([Type.String({ maxLength: 1024 }), Type.Null()])),
    },
    closed,
  ),
])
export type SftpCredentials = Static<typeof SftpCredentials>

/** What the rest of the server needs of a kind. `place` and `credentials` were checked against the schemas. */
export type TargetKind = {
  readonly place: TSchema
  readonly credentials: TSchema
  open(address: Address, context: OpenContext): Promise<StorageTarget>
  /** What Test connection does before the round trip. */
  connect(address: Address, context: OpenContext): Promise<ProbeStep[]>
  probe(address: Address, context: OpenContext, options: CallOptions & { origin?: string }): Promise<Capabilities>
  /** What Test Direct does once the target can be reached; null where the kind cannot serve Direct. */
  readonly direct: ((address: Address, context: OpenContext, options: DirectProbeOptions) => Promise<DirectProbe>) | null
}
// The SDK of S3 and the library of SSH take some 50 MB of memory, so they are loaded by the first target that needs them.
const loadS3 = async () => ({
  ...(await import('./s3.ts')),
  ...(await import('./s3-capabilities.ts')),
  ...(await import('./s3-connect.ts')),
  ...(await import('./s3-direct.ts')),
})
const loadSftp = async () => ({ ...(await import('./sftp.ts')), ...(await import('./sftp-link.ts')) })

type Address = { readonly place: unknown; readonly credentials: unknown }

const policyOf = ({ policy }: OpenContext): EndpointPolicy => policy ?? { allowLocal: false }

async function probeFiles(open: Promise<StorageTarget>, options: CallOptions): Promise<Capabilities> {
  await using target = await open
  return await fileCapabilities(target, options.signal)
}

const local: TargetKind = {
  place: LocalPlace,
  credentials: Type.Null(),
  open: ({ place }, { clock }) => openLocalTarget({ path: (place as LocalPlace).path, clock }),
  connect: async () => [],
  probe: (address, context, options) => probeFiles(local.open(address, context), options),
  direct: null,
}

function toSmbOptions({ place, credentials }: Address, context: OpenContext): SmbOptions {
  const address = { port: 445, folder: '', domain: '', ...(place as SmbPlace), ...(credentials as SmbCredentials) }
  return { ...address, policy: policyOf(context), clock: context.clock }
}

const smb: TargetKind = {
  place: SmbPlace,
  credentials: SmbCredentials,
  open: async (address, context) => openSmbTarget(toSmbOptions(address, context)),
  connect: async (address, context) => smbConnectSteps(toSmbOptions(address, context)),
  probe: (address, context, options) => probeFiles(smb.open(address, context), options),
  direct: async (address, context, options) => passthroughProbe(() => smb.open(address, context), options),
}

function toS3Options({ place, credentials }: Address, context: OpenContext): S3Options {
  const { capabilities, clock } = context
  const found = capabilities ? { objectLock: capabilities.objectLock, conditionalWrites: capabilities.conditionalWrites } : {}
  return { ...(place as S3Place), credentials: credentials as S3Credentials, policy: policyOf(context), clock, ...found }
}

const s3: TargetKind = {
  place: S3Place,
  credentials: S3Credentials,
  open: async (address, context) => (await loadS3()).openS3Target(toS3Options(address, context)),
  connect: async (address, context) => (await loadS3()).s3ConnectSteps(toS3Options(address, context)),
  async probe(address, context, options) {
    const { createS3, probeS3 } = await loadS3()
    const opened = createS3(toS3Options(address, context))
    try {
      return await probeS3(opened, options)
    } finally {
      opened.client.destroy()
    }
  },
  direct: async (address, context, options) => (await loadS3()).bucketProbe(toS3Options(address, context), options),
}

type Sftp = Awaited<ReturnType<typeof loadSftp>>

function toSftpOptions({ parseHostKey }: Sftp, { place, credentials }: Address, context: OpenContext): SftpOptions {
  const { host, port = 22, user, directory = '', hostKey } = place as SftpPlace
  const pinned = hostKey === undefined ? null : parseHostKey(hostKey)
  const { clock, onHostKey } = context
  const server = { host, port, user, folder: directory, hostKey: pinned, credentials: credentials as SftpCredentials }
  return { ...server, policy: policyOf(context), clock, ...(onHostKey ? { onHostKey } : {}) }
}

const sftp: TargetKind = {
  place: SftpPlace,
  credentials: SftpCredentials,
  async open(address, context) {
    const driver = await loadSftp()
    return driver.openSftpTarget(toSftpOptions(driver, address, context))
  },
  async connect(address, context) {
    const driver = await loadSftp()
    return driver.sftpConnectSteps(toSftpOptions(driver, address, context))
  },
  probe: (address, context, options) => probeFiles(sftp.open(address, context), options),
  direct: async (address, context, options) => passthroughProbe(() => sftp.open(address, context), options),
}

/** Every kind that can be opened, by name. */
export const targetKinds: Readonly<Record<string, TargetKind>> = { local, s3, sftp, smb }
