import { type DestinationStream, type LevelWithSilent, type Logger, pino } from 'pino'

const censored = '[redacted]'

/**
 * What must never reach a log line, wherever it comes from (a message, a stack, a field): API tokens, bearer credentials,
 * session cookies, and the signatures and codes in query strings.
 */
const secretPatterns: readonly [RegExp, string][] = [
  [/\bhf_[A-Za-z0-9_-]{8,}/g, `hf_${censored}`],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]+/gi, `$1 ${censored}`],
  [/((?:__Secure-|__Host-)?holdfast\.[a-z_]+=)[^;"\\\s]+/gi, `$1${censored}`],
  [/([?&](?:x-amz-[a-z0-9-]+|signature|sig|token|code|key|credential|secret|password)=)[^&"\\\s]+/gi, `$1${censored}`],
]

/** `line` without secrets. It stays valid JSON: no pattern crosses a quote. */
export const scrubLine = (line: string): string =>
  secretPatterns.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), line)

const secretFields = [
  'password',
  'currentPassword',
  'newPassword',
  'secret',
  'token',
  'authorization',
  'cookie',
  'setCookie',
  'credentials',
]
const redactPaths = [
  ...secretFields.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
  '["set-cookie"]',
  '*["set-cookie"]',
  '*.*["set-cookie"]',
]

type Told = { type: string; message: string; code?: string; fault?: string; stack?: string; cause?: Told }

/** An error as the log shows it: its own words and where, never its other members (drivers put values of rows into those). */
function tellError(error: unknown, depth = 0): Told | undefined {
  if (!(error instanceof Error)) return error === undefined || error === null ? undefined : { type: typeof error, message: 'not an Error' }
  const { code, fault } = error as { code?: unknown; fault?: unknown }
  const cause = depth < 3 ? tellError(error.cause, depth + 1) : undefined
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof fault === 'string' ? { fault } : {}),
    ...(error.stack ? { stack: error.stack } : {}),
    ...(cause ? { cause } : {}),
  }
}

/** JSON lines to `destination` (stdout when absent), with secrets taken out by field name and by shape. */
export function createLogger(options: { level?: LevelWithSilent; destination?: DestinationStream } = {}): Logger {
  const settings = {
    level: options.level ?? 'info',
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: (error: unknown) => tellError(error) },
    redact: { paths: redactPaths, censor: censored },
    hooks: { streamWrite: scrubLine },
  }
  return options.destination ? pino(settings, options.destination) : pino(settings)
}
