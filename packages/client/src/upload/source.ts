/** A part as it goes out: bytes [offset, offset + length) of the file, put to `url` with exactly these headers and the length. */
export type PartPut = {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly offset: number
  readonly length: number
  readonly signal: AbortSignal
  /** Without a byte sent or an answer for this long, in milliseconds, the attempt fails as a NetworkProblem. */
  readonly stallMs: number
  /** Bytes of this part handed to the network so far. */
  readonly onProgress: (sent: number) => void
}

export type PartAnswer = {
  readonly status: number
  readonly body: string
  readonly retryAfter: string | null
  /** As it stands in the answer, quotes included; null also where a browser does not let the page see it. */
  readonly etag: string | null
}

export type DigestPass = {
  readonly partSize: number
  readonly signal: AbortSignal
  /** The SHA-256 of part `number` (from 1), lower-case hex, in order. */
  readonly onPart: (number: number, sha256: string) => void
  readonly onProgress: (hashed: number) => void
}

/**
 * The file on this side, and the one place at which its bytes leave it: a source that wraps another may send them in another form. Reading it again gives the same bytes, or fails with an UploadError `file-changed`.
 * `put` resolves with any answer and rejects with NetworkProblem where there was none; it never holds a whole part in memory.
 * `digest` reads the file once, off the main thread where there is another, and resolves with the SHA-256 of all of it.
 */
export interface UploadSource {
  readonly name: string
  readonly size: number
  readonly contentType: string
  /** Part sizes that suit this side, in bytes: before anything is known of the link, and at most. */
  readonly partBytes: { readonly first: number; readonly most: number }
  put(part: PartPut): Promise<PartAnswer>
  digest(pass: DigestPass): Promise<string>
}
