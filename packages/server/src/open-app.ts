import { existsSync } from 'node:fs'
import type { Logger } from 'pino'
import { type App, builtWebRoot, createApp } from './app.ts'
import { loadConfig } from './config.ts'
import type { CrashPoints } from './core/crash-point.ts'
import { lockDataFolder } from './db/folder-lock.ts'
import type { Environment } from './keys/secrets.ts'
import { type Instance, openInstance } from './open-instance.ts'

export type OpenAppOptions = { readonly points: CrashPoints; readonly webApp: boolean; readonly logger?: Logger | undefined }
export type OpenedApp = AsyncDisposable & { readonly app: App; readonly instance: Instance }

/**
 * Opens the data that `settings` name and puts a server on it whose worker runs; nothing listens yet. Rejects with `ConfigError`,
 * `FolderInUse`, `DatabaseRefused` or `KeyError` before anything was changed. Disposing lets requests end, gives leases back and
 * sequences the audit log.
 */
export async function openApp(settings: Environment, options: OpenAppOptions): Promise<OpenedApp> {
  const { config, secrets } = loadConfig(settings)
  await using opened = new AsyncDisposableStack()
  const alone = config.databaseUrl === null
  if (alone) opened.use(lockDataFolder(config.dataDir))
  const instance = opened.use(await openInstance(config, secrets, { points: options.points }))
  const webRoot = options.webApp && existsSync(builtWebRoot) ? builtWebRoot : null
  const app = opened.use(await createApp(instance, { webRoot, alone, ...(options.logger ? { logger: options.logger } : {}) }))
  app.worker.start()
  const resources = opened.move()
  return { app, instance, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}
