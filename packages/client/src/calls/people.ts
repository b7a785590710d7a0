import type {
  Me,
  Member,
  MemberCreate,
  MemberUpdate,
  PageOf,
  SetupRequest,
  SetupState,
  Token,
  TokenCreate,
  TokenCreated,
} from '@holdfast/api'
import type { CallOptions, Http } from '../http.ts'

export type PageQuery = { readonly limit?: number | undefined; readonly cursor?: string | undefined }

export const meCalls = (http: Http) => ({
  /** Who the caller is, and what they may do. */
  get: (options?: CallOptions): Promise<Me> => http.json({ method: 'GET', path: '/me' }, options),
})

export const authCalls = (http: Http) => ({
  /** Signs in with a password; the session is a cookie, so this is for browsers. */
  signIn: (credentials: { email: string; password: string }, options?: CallOptions): Promise<void> =>
    http.json({ method: 'POST', path: '/api/auth/sign-in/email', body: credentials }, options).then(() => {}),
  signOut: (options?: CallOptions): Promise<void> =>
    http.json({ method: 'POST', path: '/api/auth/sign-out', body: {} }, options).then(() => {}),
})

export const setupCalls = (http: Http) => ({
  /** Whether the first administrator still has to be made. */
  get: (options?: CallOptions): Promise<SetupState> => http.json({ method: 'GET', path: '/setup' }, options),
  /** Makes the first administrator, by the one-time code that the server printed at start. */
  create: (request: SetupRequest, options?: CallOptions): Promise<void> =>
    http.json({ method: 'POST', path: '/setup', body: request, creates: true }, options).then(() => {}),
})

export const memberCalls = (http: Http) => ({
  list: (query: PageQuery = {}, options?: CallOptions): Promise<PageOf<Member>> =>
    http.json({ method: 'GET', path: '/members', query }, options),
  create: (member: MemberCreate, options?: CallOptions): Promise<Member> =>
    http.json({ method: 'POST', path: '/members', body: member, creates: true }, options),
  update: (userId: string, changes: MemberUpdate, options?: CallOptions): Promise<Member> =>
    http.json({ method: 'PATCH', path: `/members/${encodeURIComponent(userId)}`, body: changes }, options),
  remove: (userId: string, options?: CallOptions): Promise<void> =>
    http.json({ method: 'DELETE', path: `/members/${encodeURIComponent(userId)}` }, options),
})

export const tokenCalls = (http: Http) => ({
  list: (query: PageQuery = {}, options?: CallOptions): Promise<PageOf<Token>> =>
    http.json({ method: 'GET', path: '/tokens', query }, options),
  /** The answer holds the secret, this once. */
  create: (token: TokenCreate, options?: CallOptions): Promise<TokenCreated> =>
    http.json({ method: 'POST', path: '/tokens', body: token, creates: true }, options),
  revoke: (tokenId: string, options?: CallOptions): Promise<void> =>
    http.json({ method: 'DELETE', path: `/tokens/${encodeURIComponent(tokenId)}` }, options),
})

export type MeCalls = ReturnType<typeof meCalls>
export type AuthCalls = ReturnType<typeof authCalls>
export type SetupCalls = ReturnType<typeof setupCalls>
export type MemberCalls = ReturnType<typeof memberCalls>
export type TokenCalls = ReturnType<typeof tokenCalls>
