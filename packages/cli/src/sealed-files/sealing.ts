import { FLOE_DEFAULT_SEGMENT_LENGTH, sealFloe, sealLxenc, utf8 } from '@holdfast/container'
import { nodeEngine } from '@holdfast/container/node'
import { wrongUse } from '../failure.ts'
import { type Codec, floeSealing, lxencSealing } from './codecs.ts'
import { convertFile, convertStream, hashedOnTheWay } from './convert.ts'
import { type Destination, openDestination } from './destination.ts'
import type { Digest } from './digest.ts'
import { faultsOf } from './faults.ts'
import type { Input, StreamInput } from './input.ts'
import { createFileKey, givenFileKey, masterKey, type NewFileKey } from './keys.ts'
import type { Sealed, SealOptions } from './seal-file.ts'

/** How one of the two formats seals a file of known size, and a stream. */
type Sealing = { file(size: number): Codec | Promise<Codec>; stream(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> }

/** As `sealFile` of seal-file.ts, which has opened the input and begun the digest. */
export async function sealInput(input: Input, digest: Digest, options: SealOptions): Promise<Sealed> {
  if (options.format === 'lxenc1') assertNoFloeOptions(options)
  const key = options.format === 'floe' ? givenFileKey(options) : masterKey()
  await using destination = await openDestination(options.output, { replace: options.force === true })
  using made = key === null ? newFileKey(options) : null
  const sealing = options.format === 'floe' ? floe(key ?? made!.key, options) : lxenc(key!)
  const size = await faultsOf(input.name, () => seal(input, sealing, { destination, digest }))
  const sha256 = await digest.finish()
  await destination.commit()
  made?.keep()
  return { size, sha256, keyFile: made?.path ?? null }
}

function assertNoFloeOptions(options: SealOptions): void {
  for (const [name, value] of Object.entries({
    '--file-key': options.fileKey,
    '--file-key-file': options.fileKeyFile,
    '--aad': options.aad,
    '--segment-length': options.segmentLength,
  })) {
    if (value !== undefined) throw wrongUse(`${name} is for --format floe`)
  }
}

function newFileKey(options: SealOptions): NewFileKey {
  if (options.output === '-') throw wrongUse('Sealing to standard output needs --file-key or --file-key-file')
  return createFileKey(`${options.output}.key`)
}

function floe(fileKey: Uint8Array, options: SealOptions): Sealing {
  const keys = { fileKey, aad: utf8(options.aad ?? '') }
  const segmentLength = options.segmentLength ?? FLOE_DEFAULT_SEGMENT_LENGTH
  return {
    file: (size) => floeSealing(keys, size, segmentLength),
    stream: (chunks) => sealFloe(chunks, { ...keys, segmentLength, engine: nodeEngine }),
  }
}

const lxenc = (key: Uint8Array): Sealing => ({
  file: (size) => lxencSealing(key, size),
  stream: (chunks) => sealLxenc(chunks, { masterKey: key, engine: nodeEngine }),
})

type Ends = { readonly destination: Destination; readonly digest: Digest }

async function seal(input: Input, sealing: Sealing, { destination, digest }: Ends): Promise<number> {
  if (input.kind === 'stream') return await sealStream(input, sealing, { destination, digest })
  await convertFile(input, await sealing.file(input.size), { destination, digest, hashed: 'input' })
  input.assertUnchanged()
  return input.size
}

async function sealStream(input: StreamInput, sealing: Sealing, { destination, digest }: Ends): Promise<number> {
  let size = 0
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const bytes of hashedOnTheWay(input.chunks, digest)) {
      size += bytes.length
      yield bytes
    }
  }
  await convertStream(sealing.stream(counted()), { destination, digest: null })
  return size
}
