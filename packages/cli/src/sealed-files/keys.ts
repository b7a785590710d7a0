import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { FLOE_KEY_BYTES } from '@holdfast/container'
import { readKeyText } from '@holdfast/server/keys/master-key'
import { keyKinds, loadKey, variableOf } from '@holdfast/server/keys/secrets'
import { CommandFailure, wrongUse } from '../failure.ts'
import { onInterrupt } from './interrupt.ts'

/** How a FLOE file key is given on the command line. */
export type FileKeyOptions = { readonly fileKey?: string; readonly fileKeyFile?: string }

/** The master key that LXENC01 files are wrapped under, from the environment alone. @throws where it is missing or wrong. */
export function masterKey(): Uint8Array {
  const kind = keyKinds.find(({ secret }) => secret === 'masterKey')!
  if (variableOf(kind, process.env) === null) {
    throw new CommandFailure('LXENC01 needs the master key: set HOLDFAST_MASTER_KEY or HOLDFAST_MASTER_KEY_FILE')
  }
  return loadKey(kind, process.env, '')
}

/** The file key given in `options`, or null where none is. Neither way ever gives way to the other. */
export function givenFileKey(options: FileKeyOptions): Uint8Array | null {
  if (options.fileKey !== undefined && options.fileKeyFile !== undefined)
    throw wrongUse('--file-key and --file-key-file exclude each other')
  if (options.fileKey !== undefined) return parseFileKey(options.fileKey, '--file-key')
  if (options.fileKeyFile === undefined) return null
  const from = `The key file ${options.fileKeyFile}`
  return parseFileKey(readKeyText(options.fileKeyFile, from).trim(), from)
}

function parseFileKey(text: string, from: string): Uint8Array {
  if (!/^[0-9a-fA-F]*$/.test(text) || text.length !== 2 * FLOE_KEY_BYTES) {
    throw new CommandFailure(`${from} must hold ${FLOE_KEY_BYTES} bytes as ${2 * FLOE_KEY_BYTES} hexadecimal digits on one line`)
  }
  return new Uint8Array(Buffer.from(text, 'hex'))
}

/** A fresh file key in a file of its own. Disposing takes the file away again unless `keep` was called. */
export type NewFileKey = Disposable & { readonly key: Uint8Array; readonly path: string; keep(): void }

/** Makes a key file of mode 0600, durably, so that nothing is ever sealed under a key that is lost. Never replaces one. */
export function createFileKey(path: string): NewFileKey {
  if (statSync(path, { throwIfNoEntry: false })) {
    throw new CommandFailure(
      `${path}: it exists already and is never replaced; give it with --file-key-file to use the key in it, or move it away`,
    )
  }
  const key = new Uint8Array(randomBytes(FLOE_KEY_BYTES))
  let made = false
  let kept = false
  const remove = () => {
    if (made) rmSync(path, { force: true })
  }
  // From before there is anything to take away, so that no interrupt falls in between.
  const interrupted = onInterrupt(remove)
  try {
    const descriptor = openSync(path, 'wx', 0o600)
    made = true
    try {
      writeSync(descriptor, `${Buffer.from(key).toString('hex')}\n`)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    interrupted[Symbol.dispose]()
    remove()
    throw error
  }
  return {
    key,
    path,
    keep() {
      kept = true
    },
    [Symbol.dispose]() {
      interrupted[Symbol.dispose]()
      if (!kept) remove()
    },
  }
}
