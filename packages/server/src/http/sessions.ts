import { kyselyAdapter } from '@better-auth/kysely-adapter'
import { APIError } from 'better-auth/api'
import { hashPassword } from 'better-auth/crypto'
import { betterAuth } from 'better-auth/minimal'
import type { FastifyBaseLogger } from 'fastify'
import type { Database } from '../db/database.ts'

/** How a password is kept: scrypt (N = 16384, r = 16, p = 1) with a salt of its own. */
export const passwords = { hash: hashPassword }

export type SignInAttempt = {
  readonly email: string
  readonly password: string
  readonly rememberMe: boolean
  readonly ip: string
  readonly userAgent: string | null
}

/** `setCookies` are Set-Cookie lines to be sent along; they are bearer secrets. */
export type OpenSession = { readonly userId: string; readonly setCookies: readonly string[] }

/** Sessions of browsers, over better-auth. A session ends 24 hours after its last use. */
export interface Sessions {
  /** Null where the email or the password is not right; both take as long. */
  signIn(attempt: SignInAttempt): Promise<OpenSession | null>
  /** The session of a Cookie header, or null where there is none any more. */
  find(cookie: string): Promise<OpenSession | null>
  /** Ends the session of a Cookie header, if there is one; `setCookies` make the browser forget it. */
  signOut(cookie: string): Promise<readonly string[]>
}

export type SessionOptions = {
  readonly database: Pick<Database, 'kind' | 'writer'>
  /** 32 bytes; signs the cookies. */
  readonly secret: Uint8Array
  readonly publicUrl: string | null
  readonly logger: FastifyBaseLogger
}

const hour = 3600
const ipHeader = 'x-holdfast-client-ip'
/** better-auth wants one to build links with; none of its links is used. */
const anyUrl = 'http://localhost'

function createAuth(options: SessionOptions) {
  const secret = Buffer.from(options.secret).toString('base64url')
  return betterAuth({
    appName: 'Holdfast',
    baseURL: options.publicUrl ?? anyUrl,
    basePath: '/api/auth',
    secret,
    secrets: [{ version: 1, value: secret }],
    database: kyselyAdapter(options.database.writer, { type: options.database.kind }),
    emailAndPassword: { enabled: true, disableSignUp: true, minPasswordLength: 10, maxPasswordLength: 128 },
    session: { expiresIn: 24 * hour, updateAge: hour, cookieCache: { enabled: false } },
    rateLimit: { enabled: false },
    advanced: {
      cookiePrefix: 'holdfast',
      useSecureCookies: options.publicUrl?.startsWith('https:') ?? false,
      ipAddress: { ipAddressHeaders: [ipHeader] },
      defaultCookieAttributes: { httpOnly: true, sameSite: 'lax', path: '/' },
    },
    telemetry: { enabled: false },
    logger: { level: 'error', log: (_level, message) => options.logger.warn({ from: 'better-auth' }, message) },
  })
}

const headersOf = (fields: Record<string, string | null>): Headers =>
  new Headers(Object.entries(fields).filter((field): field is [string, string] => field[1] !== null))

/** Null where better-auth refuses what was given; its other errors are the server's. */
async function unlessRefused<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work
  } catch (error) {
    if (error instanceof APIError && error.statusCode >= 400 && error.statusCode < 500) return null
    throw error
  }
}

export function createSessions(options: SessionOptions): Sessions {
  const { api } = createAuth(options)
  return {
    async signIn({ email, password, rememberMe, ip, userAgent }) {
      const headers = headersOf({ [ipHeader]: ip, 'user-agent': userAgent?.slice(0, 300) ?? null })
      const done = await unlessRefused(api.signInEmail({ body: { email, password, rememberMe }, headers, returnHeaders: true }))
      return done && { userId: done.response.user.id, setCookies: done.headers.getSetCookie() }
    },
    async find(cookie) {
      const done = await unlessRefused(api.getSession({ headers: headersOf({ cookie }), returnHeaders: true }))
      return done?.response ? { userId: done.response.user.id, setCookies: done.headers.getSetCookie() } : null
    },
    async signOut(cookie) {
      const done = await unlessRefused(api.signOut({ headers: headersOf({ cookie }), returnHeaders: true }))
      return done?.headers.getSetCookie() ?? []
    },
  }
}
