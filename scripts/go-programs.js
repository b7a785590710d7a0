// Builds the S3 servers of the suites, each pinned, which Debian does not have: once, into a cache outside of the clone.
//   node scripts/go-programs.js            those that are missing; minutes on the first run
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const programs = JSON.parse(readFileSync(new URL('../test/servers/go-programs.json', import.meta.url), 'utf8'))
const folder = join(process.env.HOLDFAST_CACHE ?? join(homedir(), '.cache', 'holdfast'), 'bin')
const remedy = 'Install Go and run: node scripts/go-programs.js'

const absent = () => Object.keys(programs).filter((name) => !existsSync(join(folder, name)))

/** In the module's own folder, since `go install` refuses modules whose go.mod replaces others. */
function build(name) {
  const { module, version, package: main } = programs[name]
  process.stderr.write(`Building for the tests: ${name}. This takes minutes, once.\n`)
  const found = spawnSync('go', ['mod', 'download', '-json', `${module}@${version}`], { encoding: 'utf8', stdio: ['ignore', 'pipe', 2] })
  if (found.status !== 0) return
  mkdirSync(folder, { recursive: true })
  const unfinished = join(folder, `.${name}-${process.pid}`)
  const cwd = JSON.parse(found.stdout).Dir
  const { status } = spawnSync('go', ['build', '-trimpath', '-buildvcs=false', '-o', unfinished, main], { cwd, stdio: ['ignore', 2, 2] })
  if (status === 0) renameSync(unfinished, join(folder, name))
}

/** Builds what is missing and answers what still is: `{ name, remedy }[]`. */
export function ensureGoPrograms() {
  if (absent().length > 0 && spawnSync('go', ['version']).status === 0) absent().forEach(build)
  return absent().map((name) => ({ name, remedy }))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { name } of ensureGoPrograms()) process.stderr.write(`${name} is missing. ${remedy}\n`)
  process.exitCode = absent().length === 0 ? 0 : 1
}
