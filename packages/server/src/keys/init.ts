import { randomBytes } from 'node:crypto'
import { chmod, link, lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { formatKey, readKeyFile } from './master-key.ts'
import { KeyError } from './provider.ts'
import { type Environment, type KeyKind, keyFolder, keyKinds, variableOf } from './secrets.ts'

export type InitOptions = {
  /** Keys that a variable brings are not made as files: an unused key file would be taken for the one in force. */
  readonly env?: Environment
  /** Whether a database elsewhere (HOLDFAST_DATABASE_URL) already holds Holdfast's tables. That in the folder is seen by itself. */
  readonly databaseInUse?: boolean
}

export type InitResult = {
  /** Absolute. */
  readonly dataDir: string
  /** Key files made now; empty where all were there. */
  readonly made: readonly { readonly words: string; readonly path: string }[]
  /** Keys that were there, and where they come from. */
  readonly found: readonly { readonly words: string; readonly from: string }[]
}

const PRIVATE_FOLDER = 0o700
const PRIVATE_FILE = 0o600
const KEY_BYTES = 32
/** What shows that files were sealed under keys of this folder, so that a missing key is a lost one and not one to be made. */
const DATABASE_FILE = 'holdfast.db'
const OBJECT_FOLDER = 'objects'

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}

async function holdsObjects(dataDir: string): Promise<boolean> {
  try {
    return (await readdir(join(dataDir, OBJECT_FOLDER))).length > 0
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}

/**
 * Makes a data folder with its keys, once. Every key file appears whole and durable or not at all, and none is ever replaced:
 * on a second run it makes nothing. A folder that lacks keys while a database or objects are there is refused (`KeyError`),
 * since new keys would not open what is stored; so is a key file that would not be read at the start.
 */
export async function initDataFolder(dir: string, options: InitOptions = {}): Promise<InitResult> {
  const dataDir = resolve(dir)
  const env = options.env ?? {}
  const own = keyKinds.filter((kind) => variableOf(kind, env) === null)
  const pathOf = (kind: KeyKind) => join(keyFolder(dataDir), kind.file)
  const missing: KeyKind[] = []
  for (const kind of own) {
    if (await exists(pathOf(kind))) readKeyFile(pathOf(kind), `The ${kind.words} file ${pathOf(kind)}`, kind.lengths).fill(0)
    else missing.push(kind)
  }
  if (missing.length > 0) await refuseOrphans(dataDir, missing, options.databaseInUse ?? false)
  await makeFolder(dataDir)
  if (own.length > 0) await makeFolder(keyFolder(dataDir))
  if (missing.length > 0) await removeLeftovers(keyFolder(dataDir))
  for (const kind of missing) await makeKeyFile(pathOf(kind))
  const there = keyKinds.filter((kind) => !missing.includes(kind))
  return {
    dataDir,
    made: missing.map((kind) => ({ words: kind.words, path: pathOf(kind) })),
    found: there.map((kind) => ({ words: kind.words, from: variableOf(kind, env) ?? pathOf(kind) })),
  }
}

async function refuseOrphans(dataDir: string, missing: readonly KeyKind[], databaseInUse: boolean): Promise<void> {
  const names = missing.map((kind) => join(keyFolder(dataDir), kind.file)).join(', ')
  const beside = (await exists(join(dataDir, DATABASE_FILE)))
    ? `a database (${join(dataDir, DATABASE_FILE)})`
    : databaseInUse
      ? 'the database that HOLDFAST_DATABASE_URL names'
      : (await holdsObjects(dataDir))
        ? `stored files (${join(dataDir, OBJECT_FOLDER)})`
        : null
  if (beside === null) return
  throw new KeyError(
    `Missing: ${names}, although there is ${beside}. New keys would not open what it holds, so none were made. ` +
      'Put the keys back from your copy, or choose another data folder.',
  )
}

async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: PRIVATE_FOLDER })
  if (!(await lstat(path)).isDirectory()) throw new KeyError(`${path} is not a folder`)
  if (first === undefined) return
  // The umask may have taken more away than it should.
  await chmod(path, PRIVATE_FOLDER)
  for (let made = path; made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made))
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

const TEMPORARY = /^\.new-[0-9a-f]{16}\.tmp$/

/** What a run that was killed left: keys that never came into force. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) if (TEMPORARY.test(name)) await rm(join(folder, name), { force: true })
}

const ATTEMPTS = 10

/** Another init at this moment may clear the temporary file away as a leftover; then it is made again. */
async function makeKeyFile(path: string): Promise<void> {
  for (let attempt = 1; !(await exists(path)); attempt++) {
    try {
      await tryKeyFile(path)
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || attempt === ATTEMPTS) throw error
    }
  }
}

async function tryKeyFile(path: string): Promise<void> {
  const folder = dirname(path)
  const temporary = join(folder, `.new-${randomBytes(8).toString('hex')}.tmp`)
  const key = randomBytes(KEY_BYTES)
  try {
    const file = await open(temporary, 'wx', PRIVATE_FILE)
    try {
      await file.chmod(PRIVATE_FILE)
      await file.writeFile(`${formatKey(key)}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    await appear(temporary, path)
  } finally {
    key.fill(0)
    await rm(temporary, { force: true })
  }
  await syncFolder(folder)
}

/** Gives the file its name unless that is taken: a link fails where a rename would replace. */
async function appear(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(codeOf(error) ?? '')) throw error
    // File systems without hard links: nothing but another init at this very moment could be replaced.
    if (!(await exists(path))) await rename(temporary, path)
  }
}
