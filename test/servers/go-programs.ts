import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** S3 servers of the suites; go-programs.json pins them. */
export type GoProgram = 'versitygw' | 'minio' | 'seaweedfs'

/** The path of a program, built first where it is not there; that takes minutes, once per machine. */
export function goProgram(name: GoProgram): string {
  const path = join(process.env.HOLDFAST_CACHE ?? join(homedir(), '.cache', 'holdfast'), 'bin', name)
  if (existsSync(path)) return path
  const script = fileURLToPath(new URL('../../scripts/go-programs.js', import.meta.url))
  const built = spawnSync(process.execPath, [script], { encoding: 'utf8', maxBuffer: 2 ** 26 })
  if (existsSync(path)) return path
  throw new Error(`${name} is missing.\n${built.stderr}`)
}
