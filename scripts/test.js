// npm test [-- WORD…]: without words the static checks, then every suite; with words only suites whose path holds one of them.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ensureServers } from './servers.js'
import { ensureInstalled, ensureWebBuilt, root, runNode, toolEnvironment } from './toolchain.js'

const words = process.argv.slice(2).filter((word) => !word.startsWith('--'))

const suitesIn = (folder) =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder), { recursive: true })
        .filter((name) => /\.test\.tsx?$/.test(name))
        .map((name) => join(folder, name))
    : []

function suites() {
  const ofPackages = readdirSync(join(root, 'packages')).flatMap((name) => suitesIn(join('packages', name, 'test')))
  const wanted = (path) => words.length === 0 || words.some((word) => path.includes(word))
  return { units: ofPackages.filter(wanted).sort(), journeys: suitesIn(join('test', 'e2e')).filter(wanted).sort() }
}

/** The native compiler; the older one is there for the check of layers, which cannot read with the native one yet. */
const typescript = join(root, 'node_modules', 'typescript-native', 'bin', 'tsc')

function staticChecks() {
  const checks = [
    ['types', 'node', [typescript, '--noEmit', '-p', '.']],
    ['types of the web app', 'node', [typescript, '--noEmit', '-p', 'packages/web']],
    ['style', 'biome', ['check', '--error-on-warnings', '.']],
    [
      'layers',
      'depcruise',
      ['--config', '.dependency-cruiser.cjs', 'packages', '--include-only', '^packages/[^/]+/src/|node_modules/', '--output-type', 'err'],
    ],
  ]
  for (const [name, command, args] of checks) {
    const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: toolEnvironment() })
    if (result.status !== 0) {
      process.stderr.write(`✖ ${name}\n`)
      process.exit(1)
    }
    process.stdout.write(`✔ ${name}\n`)
  }
}

const runSuites = (files, concurrency) => runNode(['--test', `--test-concurrency=${concurrency}`, '--test-timeout=1200000', ...files])

ensureInstalled()
const { units, journeys } = suites()
if (units.length + journeys.length === 0) {
  process.stderr.write(`No suite matches ${words.join(' ')}.\n`)
  process.exit(1)
}
if (words.length === 0) staticChecks()
const missing = ensureServers()
await ensureWebBuilt()
const statuses = []
if (units.length > 0) statuses.push(await runSuites(units, 2))
if (journeys.length > 0) statuses.push(await runSuites(journeys, 1))
for (const { name, remedy } of missing)
  process.stderr.write(`Missing on this machine: ${name}. ${remedy} The suites that need it failed.\n`)
process.exitCode = statuses.every((status) => status === 0) && !(missing.length > 0 && process.env.CI) ? 0 : 1
