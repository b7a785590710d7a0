import helmet from '@fastify/helmet'
import type { HttpApp } from './app-types.ts'

/**
 * The policy of the web app: code, workers and WebAssembly (digests in the browser) from this server alone, no inline script.
 * Inline styles are allowed because the component library sets them at run time; a style runs nothing.
 */
const webPolicy = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'", "'wasm-unsafe-eval'"],
  styleSrc: ["'self'", "'unsafe-inline'"],
  imgSrc: ["'self'", 'blob:', 'data:'],
  fontSrc: ["'self'"],
  connectSrc: ["'self'"],
  workerSrc: ["'self'"],
  manifestSrc: ["'self'"],
  frameSrc: ["'none'"],
  objectSrc: ["'none'"],
  baseUri: ["'none'"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
}

/**
 * The policy of a page whose reader also sends parts to `buckets` and fetches files from there, which for them is beside this server.
 * It is the header's text; `policy` is that of every answer.
 */
export const pagePolicy = (policy: string, buckets: readonly string[]): string =>
  buckets.length === 0
    ? policy
    : policy
        .replace("connect-src 'self'", `connect-src 'self' ${buckets.join(' ')}`)
        .replace("frame-src 'none'", `frame-src ${buckets.join(' ')}`)

/** Security headers on every answer; Strict-Transport-Security only where the public URL is https. */
export async function registerSecurityHeaders(app: HttpApp, config: { publicUrl: string | null }): Promise<void> {
  const https = config.publicUrl?.startsWith('https:') ?? false
  await app.register(helmet, {
    contentSecurityPolicy: { useDefaults: false, directives: { ...webPolicy, ...(https ? { upgradeInsecureRequests: [] } : {}) } },
    strictTransportSecurity: https ? { maxAge: 31_536_000, includeSubDomains: false } : false,
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
    crossOriginOpenerPolicy: { policy: 'same-origin' },
    crossOriginResourcePolicy: { policy: 'same-origin' },
    xPoweredBy: false,
  })
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('permissions-policy', 'camera=(), microphone=(), geolocation=(), payment=(), usb=()')
  })
}
