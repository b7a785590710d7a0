import { type ClientRequest, request } from 'node:http'
import type { Api } from './file-world.ts'

/** A PUT of a part that is sent piece by piece, as a slow or breaking connection does it. */
export interface SlowPart {
  /** Resolves when the piece is with the kernel. */
  send(bytes: Uint8Array): Promise<void>
  end(): void
  /** Breaks the connection. */
  cut(): void
  /** Status and body, or null where the connection broke without an answer. */
  readonly answer: Promise<{ status: number; body: Record<string, unknown> } | null>
}

export function slowPart(api: Api, part: { uploadId: string; number: number | 'content'; length: number }): SlowPart {
  const place = part.number === 'content' ? 'content' : `parts/${part.number}`
  const url = `${api.origin}/api/v1/upload-sessions/${part.uploadId}/${place}`
  const headers = { authorization: `Bearer ${api.token}`, 'content-length': part.length, 'content-type': 'application/octet-stream' }
  const outgoing: ClientRequest = request(url, { method: 'PUT', headers, agent: false })
  const answer = new Promise<Awaited<SlowPart['answer']>>((resolve) => {
    outgoing.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk) => {
        text += chunk
      })
      response.on('error', () => resolve(null))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) }))
    })
    outgoing.on('error', () => resolve(null))
  })
  outgoing.flushHeaders()
  return {
    send: (bytes) => new Promise((resolve) => outgoing.write(bytes, () => resolve())),
    end: () => void outgoing.end(),
    cut: () => void outgoing.destroy(),
    answer,
  }
}
