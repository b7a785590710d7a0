import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { parseKey, readKeyFile } from './master-key.ts'
import { KeyError } from './provider.ts'

/** The long-lived keys of an instance. Printing or serialising it shows none of them. */
export type Secrets = {
  /** 16, 24 or 32 bytes. */
  readonly masterKey: Uint8Array
  /** 32 bytes. */
  readonly credentialKey: Uint8Array
  /** 32 bytes: the Ed25519 seed that checkpoints are signed with. */
  readonly auditKey: Uint8Array
}

export type KeyKind = {
  readonly secret: keyof Secrets
  readonly words: string
  /** Earlier names win over later ones, and any of them over any `_FILE`. */
  readonly variables: readonly string[]
  /** Name below DIR/keys. */
  readonly file: string
  readonly lengths: readonly number[]
}

export const keyKinds: readonly KeyKind[] = [
  {
    secret: 'masterKey',
    words: 'master key',
    variables: ['HOLDFAST_MASTER_KEY', 'LX_ANNOTATE_MASTER_KEY'],
    file: 'master.key',
    lengths: [16, 24, 32],
  },
  {
    secret: 'credentialKey',
    words: 'credential key',
    variables: ['CREDENTIAL_ENCRYPTION_KEY'],
    file: 'credential.key',
    lengths: [32],
  },
  { secret: 'auditKey', words: 'audit key', variables: ['HOLDFAST_AUDIT_KEY'], file: 'audit.key', lengths: [32] },
]

export type Environment = { readonly [variable: string]: string | undefined }

export const keyFolder = (dataDir: string): string => join(dataDir, 'keys')

const isSet = (env: Environment, name: string): boolean => (env[name] ?? '').trim() !== ''

/** The variable that a key comes from, or null where its file in the data folder is used. A blank variable counts as unset. */
export function variableOf(kind: KeyKind, env: Environment): string | null {
  return [...kind.variables, ...kind.variables.map((name) => `${name}_FILE`)].find((name) => isSet(env, name)) ?? null
}

/** The key from the first place that is set. What is set and wrong is an error and never gives way to another place. */
export function loadKey(kind: KeyKind, env: Environment, dataDir: string): Uint8Array {
  const variable = variableOf(kind, env)
  if (variable?.endsWith('_FILE')) {
    // Not named: whoever puts the key itself there by mistake shall not find it in a log.
    return readKeyFile(env[variable]!.trim(), `The file that ${variable} names`, kind.lengths)
  }
  if (variable) return parseKey(env[variable]!, variable, kind.lengths)
  const path = join(keyFolder(dataDir), kind.file)
  if (lstatSync(path, { throwIfNoEntry: false })) return readKeyFile(path, `The ${kind.words} file ${path}`, kind.lengths)
  const [name] = kind.variables
  throw new KeyError(`There is no ${kind.words}: set ${name} or ${name}_FILE, or run "holdfast init" to make ${path} for a new data folder`)
}

/** Every long-lived key, or one `KeyError` that names all that is wrong. Nothing is ever made up here (S8). */
export function loadSecrets(env: Environment, dataDir: string): Secrets {
  const problems: string[] = []
  const loaded = Object.fromEntries(
    keyKinds.map((kind) => {
      try {
        return [kind.secret, loadKey(kind, env, dataDir)]
      } catch (error) {
        if (!(error instanceof KeyError)) throw error
        problems.push(error.message)
        return [kind.secret, new Uint8Array()]
      }
    }),
  ) as Secrets
  if (problems.length > 0) throw new KeyError(problems.join('\n'))
  return hidden(loaded)
}

/** The keys are there to be read by name and by nothing else. */
function hidden(secrets: Secrets): Secrets {
  const shown = { ...secrets }
  for (const name of Object.keys(secrets)) Object.defineProperty(shown, name, { enumerable: false })
  Object.defineProperty(shown, inspect.custom, { value: () => 'Secrets { … }' })
  return Object.freeze(shown)
}
