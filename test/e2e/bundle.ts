import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const vite = join(import.meta.dirname, '..', '..', 'node_modules', 'vite', 'bin', 'vite.js')

/** Builds a page as `vite build` does it in `root`. @throws where it fails, or does not end in two minutes. */
export async function bundle(root: string, args: readonly string[] = []): Promise<void> {
  const limits = { timeout: 120_000, killSignal: 'SIGKILL' } as const
  await promisify(execFile)(process.execPath, [vite, 'build', '--logLevel', 'error', ...args], { cwd: root, ...limits })
}
