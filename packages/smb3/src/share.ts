import type { Answer, Connection, Request } from './connection.ts'
import { SmbError } from './errors.ts'
import { SmbFile } from './file.ts'
import { sharePath } from './names.ts'
import { type ConnectOptions, type SignedIn, signIn } from './sign-in.ts'
import { status, statusError } from './status.ts'
import { command, encodeEmpty, fileTimeToMs } from './wire.ts'
import {
  access,
  type Created,
  createOption,
  disposition,
  encodeClose,
  encodeCreate,
  fileAttribute,
  parseCreate,
  shareAccess,
} from './wire-files.ts'
import {
  encodeQueryDirectory,
  encodeQueryInfo,
  encodeRename,
  encodeSetInfo,
  fileInfo,
  fileSystemInfo,
  infoType,
  parseBuffer,
  parseDirectory,
  parseFullSize,
} from './wire-information.ts'

export type SmbStat = {
  readonly name: string
  /** Bytes; 0 for a folder. */
  readonly size: number
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number
  readonly isDirectory: boolean
}

/** How to open a file: `create` fails where it exists, `open` where it does not, `open-or-create` never for either. */
export type OpenMode = 'read' | 'open' | 'create' | 'open-or-create' | 'overwrite'

const openModes: Record<OpenMode, { disposition: number; access: number }> = {
  read: { disposition: disposition.open, access: access.readData | access.readAttributes | access.synchronize },
  open: { disposition: disposition.open, access: 0 },
  create: { disposition: disposition.create, access: 0 },
  'open-or-create': { disposition: disposition.openOrCreate, access: 0 },
  overwrite: { disposition: disposition.overwriteOrCreate, access: 0 },
}
const readWrite = access.readData | access.writeData | access.readAttributes | access.writeAttributes | access.delete | access.synchronize
const shareAll = shareAccess.read | shareAccess.write | shareAccess.delete

type CallOptions = { signal?: AbortSignal }

/** Connects to `options.share`; rejects with an `SmbError` that names the step's reason. */
export async function connectShare(options: ConnectOptions): Promise<SmbShare> {
  return new SmbShare(await signIn(options))
}

/**
 * A share over one encrypted connection. Paths use `/` and are relative to the share. Once the connection is gone every call
 * rejects with `closed` and a new share has to be connected; files opened here are gone with it.
 */
export class SmbShare implements AsyncDisposable {
  readonly #signedIn: SignedIn
  readonly #connection: Connection

  constructor(signedIn: SignedIn) {
    this.#signedIn = signedIn
    this.#connection = signedIn.connection
  }

  /** What was agreed with the server. */
  get security(): { dialect: string; cipher: string } {
    return { dialect: this.#signedIn.dialect, cipher: this.#signedIn.cipher }
  }

  get closed(): boolean {
    return this.#connection.closed
  }

  async open(path: string, mode: OpenMode, options: CallOptions & { directory?: boolean } = {}): Promise<SmbFile> {
    const { disposition: how, access: wanted } = openModes[mode]
    const created = await this.#create(
      path,
      {
        access: wanted || readWrite,
        disposition: how,
        options: options.directory ? createOption.directory : createOption.nonDirectory,
        doing: `open ${path}`,
      },
      options,
    )
    return new SmbFile(
      { request: (request) => this.#request(request), maxRead: this.#signedIn.maxRead, maxWrite: this.#signedIn.maxWrite },
      { id: created.fileId, path, size: Number(created.size), modifiedAt: fileTimeToMs(created.lastWrite), createdAt: created.created },
    )
  }

  /** Null where there is nothing at `path`. */
  async stat(path: string, options: CallOptions = {}): Promise<SmbStat | null> {
    try {
      const created = await this.#create(
        path,
        {
          access: access.readAttributes | access.synchronize,
          disposition: disposition.open,
          options: createOption.openReparsePoint,
          doing: `look at ${path}`,
        },
        options,
      )
      await this.#closeId(created.fileId)
      const isDirectory = (created.attributes & fileAttribute.directory) !== 0
      return {
        name: path.split('/').at(-1) ?? '',
        size: isDirectory ? 0 : Number(created.size),
        modifiedAt: fileTimeToMs(created.lastWrite),
        isDirectory,
      }
    } catch (error) {
      if (error instanceof SmbError && error.fault === 'not-found') return null
      throw error
    }
  }

  /** The rows of one folder, without `.` and `..`, page by page; links and other reparse points are left out. */
  async *list(path: string, options: CallOptions = {}): AsyncGenerator<SmbStat> {
    const created = await this.#create(
      path,
      {
        access: access.readData | access.readAttributes | access.synchronize,
        disposition: disposition.open,
        options: createOption.directory,
        doing: `list ${path || 'the share'}`,
      },
      options,
    )
    const length = Math.min(this.#signedIn.maxTransact, 262_144)
    try {
      for (let restart = true; ; restart = false) {
        const answer = await this.#request({
          command: command.queryDirectory,
          body: encodeQueryDirectory({ fileId: created.fileId, restart, length }),
          weight: length,
          signal: options.signal,
        })
        if (answer.header.status === status.noMoreFiles) return
        if (answer.header.status !== status.success) throw statusError(answer.header.status, `list ${path || 'the share'}`)
        for (const row of parseDirectory(parseBuffer(answer.message, 'QUERY_DIRECTORY'))) {
          if (row.name === '.' || row.name === '..' || row.attributes & fileAttribute.reparsePoint) continue
          const isDirectory = (row.attributes & fileAttribute.directory) !== 0
          yield { name: row.name, size: isDirectory ? 0 : Number(row.size), modifiedAt: fileTimeToMs(row.lastWrite), isDirectory }
        }
      }
    } finally {
      await this.#closeId(created.fileId).catch(() => {})
    }
  }

  /** Makes one folder; 'exists' where the name is taken. */
  async makeDirectory(path: string, options: CallOptions = {}): Promise<void> {
    const created = await this.#create(
      path,
      {
        access: access.readAttributes | access.synchronize,
        disposition: disposition.create,
        options: createOption.directory,
        doing: `make the folder ${path}`,
      },
      options,
    )
    await this.#closeId(created.fileId)
  }

  /** Atomic on the server. Without `replace`, 'exists' where `to` is taken. */
  async rename(from: string, to: string, options: CallOptions & { replace?: boolean } = {}): Promise<void> {
    const target = sharePath(to)
    await this.#withHandle(from, { doing: `rename ${from}`, kind: 0 }, options, (fileId) =>
      this.#setInfo({ fileId, level: fileInfo.rename, data: encodeRename(target, options.replace ?? false) }, `rename ${from} to ${to}`),
    )
  }

  async deleteFile(path: string, options: CallOptions = {}): Promise<void> {
    await this.#delete(path, createOption.nonDirectory | createOption.openReparsePoint, options)
  }

  /** 'not-empty' where something is in it. */
  async deleteDirectory(path: string, options: CallOptions = {}): Promise<void> {
    await this.#delete(path, createOption.directory | createOption.openReparsePoint, options)
  }

  /** Bytes of the share's file system as this user may use them. */
  async space(options: CallOptions = {}): Promise<{ total: number; free: number }> {
    const created = await this.#create(
      '',
      {
        access: access.readAttributes | access.synchronize,
        disposition: disposition.open,
        options: createOption.directory,
        doing: 'look at the share',
      },
      options,
    )
    try {
      const body = encodeQueryInfo({ fileId: created.fileId, type: infoType.fileSystem, level: fileSystemInfo.fullSize, length: 64 })
      const answer = await this.#request({ command: command.queryInfo, body, signal: options.signal })
      if (answer.header.status !== status.success) throw statusError(answer.header.status, 'ask for the free space')
      return parseFullSize(parseBuffer(answer.message, 'QUERY_INFO'))
    } finally {
      await this.#closeId(created.fileId).catch(() => {})
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#connection.closed) await this.#request({ command: command.logoff, body: encodeEmpty() }).catch(() => {})
    await this.#connection[Symbol.asyncDispose]()
  }

  #request(request: Omit<Request, 'treeId'>): Promise<Answer> {
    return this.#connection.request({ ...request, treeId: this.#signedIn.treeId })
  }

  async #create(
    path: string,
    how: { access: number; disposition: number; options: number; doing: string },
    options: CallOptions,
  ): Promise<Created> {
    const body = encodeCreate({
      path: sharePath(path),
      access: how.access,
      shareAccess: shareAll,
      disposition: how.disposition,
      options: how.options,
    })
    const answer = await this.#request({ command: command.create, body, signal: options.signal })
    if (answer.header.status !== status.success) throw statusError(answer.header.status, how.doing)
    return parseCreate(answer.message)
  }

  async #closeId(fileId: Buffer): Promise<void> {
    await this.#request({ command: command.close, body: encodeClose(fileId) })
  }

  async #setInfo(change: { fileId: Buffer; level: number; data: Buffer }, doing: string): Promise<void> {
    const answer = await this.#request({ command: command.setInfo, body: encodeSetInfo(change) })
    if (answer.header.status !== status.success) throw statusError(answer.header.status, doing)
  }

  async #withHandle(
    path: string,
    how: { doing: string; kind: number },
    options: CallOptions,
    work: (fileId: Buffer) => Promise<void>,
  ): Promise<void> {
    const created = await this.#create(
      path,
      {
        access: access.delete | access.readAttributes | access.synchronize,
        disposition: disposition.open,
        options: how.kind,
        doing: how.doing,
      },
      options,
    )
    try {
      await work(created.fileId)
    } finally {
      await this.#closeId(created.fileId)
    }
  }

  async #delete(path: string, kind: number, options: CallOptions): Promise<void> {
    await this.#withHandle(path, { doing: `delete ${path}`, kind }, options, (fileId) =>
      this.#setInfo({ fileId, level: fileInfo.disposition, data: Buffer.from([1]) }, `delete ${path}`),
    )
  }
}
