import { existsSync } from 'node:fs'
import {
  type ContainerFormat,
  type ContainerReader,
  detectContainer,
  type InclusiveRange,
  type LxencProfile,
  openFloe,
  openFloeStream,
  openLxenc,
  openLxencStream,
  utf8,
} from '@holdfast/container'
import { nodeEngine } from '@holdfast/container/node'
import { CommandFailure, wrongUse } from '../failure.ts'
import { floeOpening, lxencOpening } from './codecs.ts'
import { convertFile, convertStream } from './convert.ts'
import { type Destination, openDestination } from './destination.ts'
import { createDigestFor, type Digest } from './digest.ts'
import { faultsOf } from './faults.ts'
import { type FileInput, type Input, openInput, type StreamInput } from './input.ts'
import { type FileKeyOptions, givenFileKey, masterKey } from './keys.ts'
import { type RangeText, rangeIn } from './range-text.ts'

export type OpenOptions = FileKeyOptions & {
  readonly output: string
  readonly profile: LxencProfile
  readonly aad?: string
  readonly range?: RangeText
  readonly digest?: boolean
  readonly force?: boolean
}

type Keys = { readonly aad: Uint8Array; readonly fileKey: Uint8Array } | { readonly masterKey: Uint8Array; readonly profile: LxencProfile }
type Job = { readonly destination: Destination; readonly digest: Digest | null; readonly options: OpenOptions }
/** The size of what was opened and, where it was asked for, its SHA-256 in hexadecimal. */
export type Opened = { readonly size: number; readonly sha256: string | null; readonly format: ContainerFormat }

const START_BYTES = 12

/**
 * Opens `path`, telling the formats apart by how it begins. At the output there is all of it, durably, or nothing; a stream gets each
 * piece once it is authenticated. Resolves only where every byte given out was.
 */
export async function openFile(path: string, options: OpenOptions): Promise<Opened> {
  using input = openInput(path)
  return await faultsOf(input.name, async () => {
    const opened = input.kind === 'file' ? { input, start: await startOf(input) } : await peek(input)
    const format = detectContainer(opened.start)
    if (format === null) throw new CommandFailure(`${input.name}: neither a FLOE file nor an LXENC01 file begins like this (at byte 0)`)
    const keys = keysFor(format, options, path)
    await using destination = await openDestination(options.output, { replace: options.force === true })
    await using digest = options.digest ? createDigestFor(opened.input) : null
    const size = await open(opened.input, keys, { destination, digest, options })
    const sha256 = (await digest?.finish()) ?? null
    await destination.commit()
    return { size, sha256, format }
  })
}

const startOf = (input: FileInput): Promise<Uint8Array> => input.source.read(0, Math.min(START_BYTES, input.size))

/** The first chunk of a stream, and the stream with that chunk still in it. Chunks are full but for the last. */
async function peek(input: StreamInput): Promise<{ input: StreamInput; start: Uint8Array }> {
  const chunks = input.chunks[Symbol.asyncIterator]()
  const first = await chunks.next()
  const start: Uint8Array = first.done ? new Uint8Array() : first.value
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield start
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value
  }
  return { input: { ...input, chunks: whole() }, start }
}

function keysFor(format: ContainerFormat, options: OpenOptions, path: string): Keys {
  if (format === 'lxenc1') {
    const floeOnly = options.fileKey ?? options.fileKeyFile ?? options.aad
    if (floeOnly !== undefined) throw wrongUse(`${path} is an LXENC01 file: --file-key, --file-key-file and --aad are for FLOE`)
    return { masterKey: masterKey(), profile: options.profile }
  }
  const fileKey = givenFileKey(options)
  if (fileKey !== null) return { fileKey, aad: utf8(options.aad ?? '') }
  const hint = existsSync(`${path}.key`) ? ` (there is ${path}.key)` : ''
  throw wrongUse(`${path} is a FLOE file: give its key with --file-key or --file-key-file${hint}`)
}

async function open(input: Input, keys: Keys, job: Job): Promise<number> {
  const { destination, digest, options } = job
  if (input.kind === 'stream') return await openStream(input, keys, job)
  const isFloe = 'fileKey' in keys
  if (options.range === undefined && (isFloe || keys.profile === 'strict')) {
    const codec = isFloe ? await floeOpening(keys, input.source) : await lxencOpening(keys.masterKey, input.source)
    return await convertFile(input, codec, { destination, digest, hashed: 'output' })
  }
  const secrets = { ...keys, engine: nodeEngine }
  const reader = 'fileKey' in secrets ? await openFloe(input.source, secrets) : await openLxenc(input.source, secrets)
  return await convertStream(reader.stream(rangeOf(reader, options)), job)
}

const rangeOf = (reader: ContainerReader, options: OpenOptions): InclusiveRange | undefined =>
  options.range === undefined ? undefined : rangeIn(options.range, reader.plaintextSize)

async function openStream(input: StreamInput, keys: Keys, job: Job): Promise<number> {
  if (job.options.range !== undefined) throw wrongUse('--range needs a regular file as input')
  const secrets = { ...keys, engine: nodeEngine }
  return await convertStream('fileKey' in secrets ? openFloeStream(input.chunks, secrets) : openLxencStream(input.chunks, secrets), job)
}
