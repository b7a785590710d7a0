import { digestBlob } from './digest-blob.ts'

// The web worker in which a browser hashes one file; it is ended from outside when no longer needed.

export type HashRequest = { readonly blob: Blob; readonly partSize: number }
export type HashMessage =
  | { readonly kind: 'part'; readonly number: number; readonly sha256: string }
  | { readonly kind: 'progress'; readonly hashed: number }
  | { readonly kind: 'whole'; readonly sha256: string }
  | { readonly kind: 'failed'; readonly message: string }

const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<HashRequest>) => void) | null
  postMessage(message: HashMessage): void
}

scope.onmessage = ({ data }) => {
  digestBlob(data.blob, data.partSize, {
    onPart: (number, sha256) => scope.postMessage({ kind: 'part', number, sha256 }),
    onProgress: (hashed) => scope.postMessage({ kind: 'progress', hashed }),
  }).then(
    (sha256) => scope.postMessage({ kind: 'whole', sha256 }),
    (error: unknown) => scope.postMessage({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }),
  )
}
