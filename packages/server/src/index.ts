export { type App, createApp } from './app.ts'
export { checkInstance } from './check-instance.ts'
export { type Config, ConfigError, loadConfig } from './config.ts'
export { FolderInUse } from './db/folder-lock.ts'
export { type InitResult, initDataFolder } from './keys/init.ts'
export { KeyError } from './keys/provider.ts'
export {
  checkInstance,
  createToken,
  createUser,
  exportAudit,
  verifyAudit,
  verifyStorage,
  withInstance,
} from './local-commands.ts'
export { type Running, startServer } from './main.ts'
export { type Instance, openInstance } from './open-instance.ts'
export * from './operator.ts'
export { type CheckReport, describeCheck } from './services/check/check-store.ts'
export { type CheckReport, describeCheck } from './services/check/report.ts'
export { version } from './version.ts'
