import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export type ClamdAddress = { readonly host: string; readonly port: number } | { readonly path: string }

/** The engine cannot be reached, hangs up without an answer, or says nothing for too long. */
export class EngineAway extends Error {
  override readonly name = 'EngineAway'
}

/** An answer is one short line. */
const MAX_ANSWER_BYTES = 4096

/** The answer up to its NUL (clamd ends what was asked with `z` so), or `EngineAway`. */
function answerOf(socket: Socket): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let text = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk: string) => {
    text += chunk
    const end = text.indexOf('\0')
    if (end >= 0) resolve(text.slice(0, end).trim())
    else if (text.length > MAX_ANSWER_BYTES) reject(new EngineAway('answer without end'))
  })
  socket.on('timeout', () => reject(new EngineAway('no answer in time')))
  socket.on('error', (error) => reject(new EngineAway(error.message)))
  socket.on('close', () => reject(new EngineAway('hung up')))
  promise.catch(() => {})
  return promise
}

function chunkHeader(length: number): Uint8Array {
  const header = Buffer.alloc(4)
  header.writeUInt32BE(length)
  return header
}

/** Sends the body in chunks, no faster than the engine takes them, until it ends or the engine answers. */
async function sendBody(socket: Socket, body: AsyncIterable<Uint8Array>, answer: Promise<string>): Promise<void> {
  let isAnswered = false
  const answered = answer.then(
    () => {
      isAnswered = true
    },
    () => {
      isAnswered = true
    },
  )
  for await (const bytes of body) {
    if (isAnswered) return
    socket.write(chunkHeader(bytes.byteLength))
    if (!socket.write(bytes)) await Promise.race([once(socket, 'drain').catch(() => {}), answered])
  }
  if (!isAnswered) socket.write(chunkHeader(0))
}

export type ClamdQuestion = {
  readonly address: ClamdAddress
  /** Without its `z`. */
  readonly command: 'VERSION' | 'PING' | 'INSTREAM'
  readonly body?: AsyncIterable<Uint8Array>
  /** How long the engine may say and take nothing, in milliseconds. */
  readonly silence: number
  readonly signal: AbortSignal
}

/**
 * One question on a connection of its own. Rejects with `EngineAway`, with the reason of the signal, or with what `body` throws; the
 * connection is closed in every case.
 */
export async function askClamd({ address, command, body, silence, signal }: ClamdQuestion): Promise<string> {
  signal.throwIfAborted()
  const socket = connect(address)
  socket.setTimeout(silence)
  const onAbort = () => socket.destroy()
  signal.addEventListener('abort', onAbort)
  const answer = answerOf(socket)
  try {
    socket.write(`z${command}\0`)
    if (body) await sendBody(socket, body, answer)
    return await answer
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener('abort', onAbort)
    socket.destroy()
  }
}
