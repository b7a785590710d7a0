import { gzipSync } from 'node:zlib'
import { askClamd, type ClamdAddress, EngineAway } from './clamd-link.ts'
import { WINDOW_BYTES } from './file-bytes.ts'
import type { MalwareScanner, MalwareVerdict, NotScanned } from './malware.ts'
import type { ByteSource } from './validator.ts'

/** Beyond it ClamAV looks at nothing and says OK. */
const MAX_SCANNED_BYTES = 2 ** 31 - 1
/** A scan of the largest file, and a queue before it. */
const DEFAULT_SILENCE = 10 * 60_000
const SHORT_SILENCE = 10_000
/** An engine that hangs up once may have been restarted; one that does so again does not take the file. */
const STREAM_ATTEMPTS = 2

export type ClamdOptions = {
  readonly address: ClamdAddress
  /** How long the engine may be silent over a file, in milliseconds. */
  readonly silence?: number
}

/** `tcp://host:port` or `unix:/path`, or null where it is neither. */
export function findClamdAddress(text: string): ClamdAddress | null {
  if (/^unix:\/[^\0]+$/.test(text)) return { path: text.slice('unix:'.length) }
  const url = text.startsWith('tcp://') && URL.canParse(text) ? new URL(text) : null
  if (url === null || url.port === '' || url.hostname === '' || url.pathname.length > 1 || url.username || url.search || url.hash)
    return null
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) }
}

type Version = { readonly engine: string; readonly signaturesAt: number | null }

/** `ClamAV 1.4.3/27500/Mon Jan  5 09:12:00 2026`; the date is of the engine's clock, taken as UTC, and missing where signatures are one's own. */
function parseVersion(answer: string): Version {
  const [program = '', signatures, date] = answer.split('/')
  const at = date === undefined ? Number.NaN : Date.parse(`${date} UTC`)
  return { engine: signatures ? `${program}/${signatures}` : program, signaturesAt: Number.isNaN(at) ? null : at }
}

type Finding = Pick<MalwareVerdict, 'verdict' | 'reason' | 'signature'>
const clean: Finding = { verdict: 'clean', reason: null, signature: null }
const notScanned = (reason: NotScanned): Finding => ({ verdict: 'not-scanned', reason, signature: null })

const LIMITS = 'Heuristics.Limits.Exceeded'

/** ClamAV tells of its own limits, and of locks, as if they were findings. */
function findingOf(name: string): Finding {
  if (name.startsWith(`${LIMITS}.MaxFileSize`)) return notScanned('too-large')
  if (name.startsWith(`${LIMITS}.MaxScanTime`)) return notScanned('too-slow')
  if (name.startsWith(LIMITS)) return notScanned('archive-bomb')
  if (name.startsWith('Heuristics.Encrypted')) return notScanned('encrypted')
  return { verdict: 'infected', reason: null, signature: name }
}

function parseAnswer(answer: string): Finding {
  const found = /^stream: (.+) FOUND$/.exec(answer)?.[1]
  if (found !== undefined) return findingOf(found)
  if (answer === 'stream: OK') return clean
  return notScanned(/size limit exceeded/i.test(answer) ? 'too-large' : 'engine-error')
}

async function* chunksOf(source: ByteSource, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < source.size; at += WINDOW_BYTES) yield await source.read(at, Math.min(WINDOW_BYTES, source.size - at), { signal })
}

/** Harmless bytes in more layers than any engine unpacks: 100 is the most that MaxRecursion can be. */
function deepArchive(): Uint8Array {
  let bytes: Uint8Array = new Uint8Array(1)
  for (let layer = 0; layer <= 100; layer++) bytes = gzipSync(bytes)
  return bytes
}

async function* justOnce(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/**
 * ClamAV through its daemon. With `AlertExceedsMax` off, the engine calls clean what lies beyond its limits; so a first clean answer of
 * each version is believed only once the engine has told of an archive that is too deep.
 */
export function createClamdScanner({ address, silence = DEFAULT_SILENCE }: ClamdOptions): MalwareScanner {
  let proven: { readonly engine: string; readonly tellsLimits: boolean } | null = null

  const tellsLimits = async (engine: string, signal: AbortSignal): Promise<boolean> => {
    if (proven?.engine !== engine) {
      const answer = await askClamd({ address, command: 'INSTREAM', body: justOnce(deepArchive()), silence, signal })
      proven = { engine, tellsLimits: answer.includes(LIMITS) }
    }
    return proven.tellsLimits
  }

  const scanStream = async (source: ByteSource, signal: AbortSignal): Promise<Finding> => {
    for (let attempt = 1; attempt <= STREAM_ATTEMPTS; attempt++) {
      try {
        return parseAnswer(await askClamd({ address, command: 'INSTREAM', body: chunksOf(source, signal), silence, signal }))
      } catch (error) {
        if (!(error instanceof EngineAway)) throw error
        // Beyond StreamMaxLength the engine hangs up, often before its answer is read; an engine that is gone does not answer now either.
        await askClamd({ address, command: 'PING', silence: SHORT_SILENCE, signal })
      }
    }
    return notScanned(source.size > WINDOW_BYTES ? 'too-large' : 'engine-error')
  }

  return {
    async scan(source, { signal }) {
      if (source.size > MAX_SCANNED_BYTES) return { ...notScanned('too-large'), engine: null, signaturesAt: null }
      let version: Version = { engine: '', signaturesAt: null }
      try {
        version = parseVersion(await askClamd({ address, command: 'VERSION', silence: SHORT_SILENCE, signal }))
        const finding = await scanStream(source, signal)
        if (finding.verdict === 'clean' && !(await tellsLimits(version.engine, signal)))
          return { ...notScanned('engine-settings'), ...version }
        return { ...finding, ...version }
      } catch (error) {
        if (!(error instanceof EngineAway)) throw error
        return { ...notScanned('engine-away'), engine: version.engine || null, signaturesAt: version.signaturesAt }
      }
    },
  }
}
