import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** S3 servers of the suites, each pinned, that `go install` brings into a cache outside of the clone. */
const modules: Record<string, string> = JSON.parse(readFileSync(new URL('./go-programs.json', import.meta.url), 'utf8'))
export type GoProgram = 'versitygw' | 'minio'

const binFolder = (): string => join(process.env.HOLDFAST_CACHE ?? join(homedir(), '.cache', 'holdfast'), 'bin')

/** The path of a program, built first where it is not there; that takes minutes, once per machine. */
export function goProgram(name: GoProgram): string {
  const path = join(binFolder(), name)
  if (existsSync(path)) return path
  const module = modules[name] ?? ''
  const built = spawnSync('go', ['install', module], { env: { ...process.env, GOBIN: binFolder() }, encoding: 'utf8', maxBuffer: 2 ** 26 })
  if (built.status === 0 && existsSync(path)) return path
  throw new Error(`${name} is missing. Install Go and run: GOBIN=${binFolder()} go install ${module}\n${built.stderr ?? built.error ?? ''}`)
}
