import type { Config } from './config.ts'
import { type CrashPointName, crashAt, crashPointNames, noCrashPoints } from './core/crash-point.ts'
import type { Environment } from './keys/secrets.ts'
import { openApp } from './open-app.ts'

/** The crash suite names a point in HOLDFAST_CRASH_POINT, with `#n` for the nth time it is reached. */
function crashPointsOf(env: Environment) {
  const [name, nth] = (env.HOLDFAST_CRASH_POINT ?? '').split('#')
  if (!crashPointNames.includes(name as CrashPointName)) return noCrashPoints
  return crashAt(name as CrashPointName, Number(nth ?? 1))
}

const urlOf = (config: Config, port: number): string =>
  config.publicUrl ?? `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`

export type Running = AsyncDisposable & { readonly url: string; readonly setupUrl: string | null }

/**
 * Starts a server as `env` says: HTTP, web app and jobs, or jobs alone. Rejects with `ConfigError`, `FolderInUse`, `DatabaseRefused`
 * or `KeyError` before anything was changed. Disposing lets requests end, gives leases back and sequences the audit log.
 */
export async function startServer(env: Environment, options: { http: boolean }): Promise<Running> {
  await using opened = new AsyncDisposableStack()
  const { app, instance, ...running } = await openApp(env, { points: crashPointsOf(env), webApp: true })
  opened.use(running)
  const { config } = instance
  if (options.http) await app.http.listen({ host: config.host, port: config.port })
  const address = app.http.server.address()
  const url = urlOf(config, address && typeof address === 'object' ? address.port : config.port)
  const resources = opened.move()
  return {
    url,
    setupUrl: app.setupCode && `${url}/setup#code=${app.setupCode}`,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}
