/** A failure with its words ready for people. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
  readonly exitStatus: number
  constructor(message: string, exitStatus = 1) {
    super(message)
    this.exitStatus = exitStatus
  }
}

export const wrongUse = (message: string): CommandFailure => new CommandFailure(message, 2)

const systemWords: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is not a folder',
  ENOSPC: 'the disk is full',
  EROFS: 'the file system is read-only',
  EEXIST: 'it exists already',
  EADDRINUSE: 'the port is taken by another program',
}

/** What went wrong, on one line. Stack traces and causes stay out; control characters of foreign text do too. */
export async function oneLine(error: unknown): Promise<string> {
  const text = await words(error)
  return plain(text.replace(/\s*\n\s*/g, '; '))
}

async function words(error: unknown): Promise<string> {
  if (!(error instanceof Error)) return String(error)
  const system = error as NodeJS.ErrnoException
  const known = system.code === undefined ? undefined : systemWords[system.code]
  if (known !== undefined && system.syscall !== undefined)
    return system.path === undefined ? `${known} (${error.message})` : `${system.path}: ${known}`
  const { ApiProblem, NetworkProblem } = await import('@holdfast/client')
  if (error instanceof ApiProblem) return problemWords(error)
  if (error instanceof NetworkProblem)
    return `${error.message} (${process.env.HOLDFAST_URL ?? 'http://localhost:8080'}): is HOLDFAST_URL right, and the server running?`
  return error.message
}

function problemWords(problem: {
  code: string
  title: string
  detail: string
  errors: readonly { field: string; message: string }[]
  requestId: string | null
}): string {
  if (problem.code === 'UNAUTHORIZED') return 'the server does not accept HOLDFAST_TOKEN; make one with "holdfast token create"'
  const fields = problem.errors.map(({ field, message }) => `${field}: ${message}`).join(', ')
  const said = problem.detail === problem.title ? problem.title : `${problem.title}. ${problem.detail}`
  const request = problem.code === 'INTERNAL_ERROR' && problem.requestId !== null ? ` (request ${problem.requestId})` : ''
  return `${said}${fields === '' ? '' : ` (${fields})`}${request}`
}

/** Foreign text made safe for a terminal: control and direction-changing characters become U+FFFD. */
export const plain = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
