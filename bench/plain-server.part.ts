import { open } from 'node:fs/promises'
import { createServer } from 'node:http'

// The least that a server in Node does for a range of a plain file: parse, read, answer. No sign-in, no log, no digest.
const file = await open(process.argv[2] ?? '', 'r')
const { size } = await file.stat()
const server = createServer(async (request, response) => {
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
  const start = Number(from)
  const bytes = Buffer.allocUnsafe(Number(to) - start + 1)
  await file.read(bytes, 0, bytes.length, start)
  response.writeHead(206, { 'content-length': bytes.length, 'content-range': `bytes ${start}-${to}/${size}` }).end(bytes)
})
server.listen(0, '127.0.0.1', () => process.send?.(server.address()))
