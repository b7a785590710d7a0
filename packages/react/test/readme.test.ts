import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'

const root = join(import.meta.dirname, '..', '..', '..')
const compiler = join(root, 'node_modules', 'typescript-native', 'bin', 'tsc')

test('U3 C9: what the READMEs show is what the types allow', async () => {
  await mkdir(join(root, '.cache'), { recursive: true })
  const folder = await mkdtemp(join(root, '.cache', 'readme-'))
  after(() => rm(folder, { recursive: true }))
  let blocks = 0
  for (const name of ['react', 'server']) {
    const readme = await readFile(join(root, 'packages', name, 'README.md'), 'utf8')
    for (const [, kind, code] of readme.matchAll(/^```(tsx?)\n([\s\S]*?)^```$/gm)) {
      blocks += 1
      await writeFile(join(folder, `${name}-${blocks}.${kind}`), code ?? '')
    }
  }
  const settings = { extends: '../../packages/web/tsconfig.json', include: ['*.ts', '*.tsx'] }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(settings))
  const { status, stdout } = spawnSync(process.execPath, [compiler, '--noEmit', '-p', folder], { encoding: 'utf8' })
  assert.deepEqual([status, blocks], [0, 5], stdout)
})
