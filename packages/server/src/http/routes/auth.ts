import { Me, PasswordChange, Problem, SignInRequest } from '@holdfast/api'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { answers, NoContent } from '../answers.ts'
import type { HttpApp } from '../app-types.ts'
import { createGate } from '../gate.ts'
import { refuseOtherOrigin } from '../same-origin.ts'
import type { Services } from '../services.ts'
import type { SignInAttempt } from '../sessions.ts'
import { createSignInThrottle } from '../sign-in-throttle.ts'
import type { RouteContext } from './index.ts'

const tags = ['Sign-in']
const throttled = ['RATE_LIMIT_EXCEEDED'] as const

const setCookies = (reply: FastifyReply, lines: readonly string[]): void => {
  for (const line of lines) reply.header('set-cookie', line)
}

/** Sign-in of people with a browser. Programs send an API token instead. */
export function registerAuthRoutes(app: HttpApp, services: Services, context: RouteContext): void {
  const throttle = createSignInThrottle(context.clock)
  // Hashing a password takes 32 MiB and a thread of the pool that file access uses too.
  const gate = createGate({ running: 2, waiting: 32 })
  registerSignIn(app, services, { ...context, throttle, gate })
  registerSignOut(app, services, context)
  registerPasswordChange(app, services, { ...context, throttle, gate })
}

type Guards = { throttle: ReturnType<typeof createSignInThrottle>; gate: ReturnType<typeof createGate> }

function registerSignIn(app: HttpApp, { access, sessions }: Services, { origins, throttle, gate }: RouteContext & Guards): void {
  const schema = {
    summary: 'Sign in with email and password',
    description: 'Sets the session cookie. Failed attempts are slowed down, by account and by address.',
    tags,
    body: SignInRequest,
    response: answers({ 200: Me }, ['UNAUTHORIZED', 'FORBIDDEN', ...throttled], { public: true }),
  }
  app.post('/api/auth/sign-in/email', { config: { permission: 'public' }, schema }, async (request, reply) => {
    refuseOtherOrigin(request, origins)
    const { email, password, rememberMe = true } = request.body
    const attempt = throttle.begin(email, request.ip)
    const opened = await gate(() => sessions.signIn(attemptOf(request, { email, password, rememberMe })))
    const caller = opened && (await access.callerOfUser(opened.userId, request.id))
    if (!caller) {
      await access.signInFailed(email, request.id)
      throw new Problem('UNAUTHORIZED', 'The email or the password is not right.')
    }
    attempt.succeeded()
    await access.signedIn(caller)
    setCookies(reply, opened.setCookies)
    return access.me(caller)
  })
}

function registerSignOut(app: HttpApp, { access, sessions }: Services, { origins }: RouteContext): void {
  const schema = {
    summary: 'Sign out',
    description: 'Ends the session of the cookie. Without a session it does nothing.',
    tags,
    response: answers({ 204: NoContent }, ['FORBIDDEN'], { public: true }),
  }
  app.post('/api/auth/sign-out', { config: { permission: 'public' }, schema }, async (request, reply) => {
    refuseOtherOrigin(request, origins)
    const { cookie } = request.headers
    if (cookie !== undefined) {
      const session = await sessions.find(cookie)
      const caller = session && (await access.callerOfUser(session.userId, request.id))
      setCookies(reply, await sessions.signOut(cookie))
      if (caller) await access.signedOut(caller)
    }
    return reply.code(204).send()
  })
}

function registerPasswordChange(app: HttpApp, services: Services, { throttle, gate }: RouteContext & Guards): void {
  const { access, members, sessions } = services
  const schema = {
    summary: 'Change your own password',
    description: 'For people who are signed in with a session. Ends all their other sessions.',
    tags,
    body: PasswordChange,
    response: answers({ 204: NoContent }, [...throttled, 'CONFLICT']),
  }
  app.post('/api/auth/change-password', { config: { permission: 'signed-in' }, schema }, async (request, reply) => {
    const { caller, body } = request
    const { email } = await access.me(caller)
    if (email === null) throw new Problem('FORBIDDEN', 'API tokens have no password.')
    const attempt = throttle.begin(caller.actor.id, request.ip)
    const rememberMe = !/holdfast\.dont_remember=/.test(request.headers.cookie ?? '')
    const signIn = (password: string) => gate(() => sessions.signIn(attemptOf(request, { email, password, rememberMe })))
    if (!(await signIn(body.currentPassword))) throw new Problem('CONFLICT', 'The current password is not right.')
    attempt.succeeded()
    await members.changeOwnPassword(caller, body.newPassword)
    reply.removeHeader('set-cookie')
    setCookies(reply, (await signIn(body.newPassword))?.setCookies ?? [])
    return reply.code(204).send()
  })
}

const attemptOf = (request: FastifyRequest, words: { email: string; password: string; rememberMe: boolean }): SignInAttempt => ({
  ...words,
  ip: request.ip,
  userAgent: request.headers['user-agent'] ?? null,
})
