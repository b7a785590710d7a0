import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { MIN_PART_PLAIN_BYTES } from '@holdfast/api'
import { contentDigest, sha256 } from './file-world.ts'
import { killableServer } from './killable-server.ts'

const PART = MIN_PART_PLAIN_BYTES
const MARKER_BYTES = 32

/** Content of which any 64 bytes hold the whole marker. */
function marked(size: number): { content: Buffer; marker: Buffer } {
  const marker = randomBytes(MARKER_BYTES)
  return { content: Buffer.alloc(size, marker), marker }
}

/** Files below `folder` that hold `marker` anywhere. */
async function filesWith(folder: string, marker: Buffer): Promise<string[]> {
  const found: string[] = []
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    if ((await readFile(path).catch(() => Buffer.alloc(0))).includes(marker)) found.push(path)
  }
  return found
}

test('S2: no plaintext is anywhere in the data folder: while parts arrive, after a kill, after completion and a download', {
  timeout: 120_000,
}, async () => {
  await using server = await killableServer()
  await server.start()
  const { api } = server
  const { content, marker } = marked(2 * PART + 5000)
  assert.equal((await filesWith(server.dataDir, marker)).length, 0)
  const { id: caseId } = await api.newCase()
  const session = await api.initiate({ caseId, name: 'marked.bin', size: content.length, partSize: 2 * PART })
  const put = api.put(session.id, 1, content.subarray(0, 2 * PART)).catch(() => null)
  for (let look = 0; look < 5; look += 1) assert.deepEqual(await filesWith(server.dataDir, marker), [])
  await put
  await server.kill()
  assert.deepEqual(await filesWith(server.dataDir, marker), [])
  await server.start()
  const file = await api.sendAll(session, content)
  await api.settled(file.id)
  assert.ok((await api.bytes(file.id)).bytes.equals(content))
  assert.deepEqual(await filesWith(server.dataDir, marker), [])
  await server.kill('SIGTERM')
  assert.deepEqual(await filesWith(server.dataDir, marker), [])
})

type Seen = { fileWrites: number; plainToFiles: string[]; plainElsewhere: number }

/** What an strace log says of writes that hold `marker` in their first bytes: those to files, and those to sockets and pipes. */
async function plaintextWrites(log: string, marker: Buffer): Promise<Seen> {
  const wanted = [...marker].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')
  const seen: Seen = { fileWrites: 0, plainToFiles: [], plainElsewhere: 0 }
  const lines = createInterface({ input: createReadStream(log, 'latin1') })
  lines.on('line', (line) => {
    // With -xx the path of a file descriptor is in hex too: a file's begins with a slash.
    const toFile = /\b(write|pwrite64|writev|pwritev2?)\(\d+<\\x2f/.test(line)
    if (toFile) seen.fileWrites += 1
    if (!line.includes(wanted)) return
    if (toFile) seen.plainToFiles.push(line.slice(0, 200))
    else seen.plainElsewhere += 1
  })
  await once(lines, 'close')
  return seen
}

/** The tracer writes on for a moment after what it traces has ended. */
async function untilWritten(log: string): Promise<void> {
  for (let before = -1; ; ) {
    const { size } = await stat(log)
    if (size === before) return
    before = size
    await sleep(300)
  }
}

test('S2: no system call writes plaintext to a file, here or elsewhere on the disk', { timeout: 240_000 }, async () => {
  const logDir = await mkdtemp(join(tmpdir(), 'holdfast-strace-'))
  const log = join(logDir, 'calls')
  const calls = 'trace=write,pwrite64,writev,pwritev,pwritev2'
  await using server = await killableServer({
    wrap: ['strace', '-D', '-f', '-qq', '-y', '-xx', '-s', '96', '-e', calls, '-e', 'signal=none', '-o', log],
  })
  try {
    await server.start()
    const { api } = server
    const { content, marker } = marked(PART + 5000)
    const { id: caseId } = await api.newCase()
    const session = await api.initiate({ caseId, name: 'traced.bin', size: content.length })
    for (let number = 1; number <= session.partCount; number += 1) {
      const bytes = content.subarray((number - 1) * session.partSize, number * session.partSize)
      assert.equal((await api.put(session.id, number, bytes, { 'content-digest': contentDigest(bytes) })).status, 200)
    }
    await api.complete(session.id, sha256(content))
    await api.settled(session.fileId)
    await api.bytes(session.fileId)
    await server.kill('SIGTERM')
    await untilWritten(log)
    const seen = await plaintextWrites(log, marker)
    assert.ok(seen.fileWrites > 10, 'strace saw the writes')
    assert.ok(seen.plainElsewhere > 0, 'plaintext is recognised where it has to be: on the way to the client')
    assert.deepEqual(seen.plainToFiles, [])
  } finally {
    await rm(logDir, { recursive: true, force: true })
  }
})
