import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { systemClock } from '../src/core/clock.ts'
import { MAX_IMAGE_BYTES, MAX_IMAGE_SIDE } from '../src/validate/images.ts'
import { fileKinds } from '../src/validate/kinds.ts'
import { type ByteSource, createValidator } from '../src/validate/validator.ts'
import { MAX_ENTRIES, MAX_ENTRY_BYTES, MAX_RATIO, MAX_TOTAL_BYTES } from '../src/validate/zip.ts'
import { judge, passes, sourceOf } from './validation-kit.ts'
import { csv, pdf, svg, svgOf, validSamples, xlsx, xlsxOf } from './validation-samples.ts'

const MEBIBYTE = 1024 * 1024
const validator = createValidator({ processes: 2 })
after(() => validator[Symbol.asyncDispose]())
const never = new AbortController().signal

const types = [...fileKinds.map((kind) => kind.types[0]!), 'text/plain', 'application/zip', 'application/octet-stream']
const magics = [
  '',
  '\xff\xd8\xff\xe0',
  '\x89PNG\r\n\x1a\n',
  'RIFF\x20\0\0\0WEBPVP8 ',
  'GIF89a',
  '<svg xmlns="http://www.w3.org/2000/svg"',
  '%PDF-1.7\n',
]
const begins = [...magics, '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', 'PK\x03\x04', 'a,b\n', '\xff\xfe<\0'].map((text) =>
  Buffer.from(text, 'latin1'),
)

test('O4: random bytes, with and without the beginning of a known format, always get a verdict with its reasons', async () => {
  const input = fc.tuple(fc.constantFrom(...begins), fc.uint8Array({ maxLength: 3000 }), fc.constantFrom(...types))
  await fc.assert(
    fc.asyncProperty(input, async ([begin, rest, type]) => {
      const { ok, reasons } = await judge(validator, { bytes: Buffer.concat([begin, rest]), type, name: 'a' })
      assert.equal(ok, reasons.length === 0)
      for (const reason of reasons) assert.ok(reason.code && reason.message.length > 20)
    }),
    { numRuns: 400 },
  )
})

const change = fc.record({
  sample: fc.nat({ max: fileKinds.length - 1 }),
  at: fc.double({ min: 0, max: 0.999, noNaN: true }),
  kind: fc.constantFrom('flip', 'cut', 'insert', 'repeat'),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
})

function mutate(bytes: Buffer, { at, kind, bytes: put }: { at: number; kind: string; bytes: Uint8Array }): Buffer {
  const place = Math.floor(at * bytes.length)
  if (kind === 'cut') return bytes.subarray(0, place)
  if (kind === 'insert') return Buffer.concat([bytes.subarray(0, place), put, bytes.subarray(place)])
  if (kind === 'repeat') return Buffer.concat([bytes, bytes.subarray(place)])
  const flipped = Buffer.from(bytes)
  flipped.set(put.subarray(0, flipped.length - place), place)
  return flipped
}

test('O4: valid files with bytes flipped, cut, put in or repeated pass or are refused with reasons; the process lives on', async () => {
  const samples = await validSamples()
  await fc.assert(
    fc.asyncProperty(change, async (mutation) => {
      const sample = samples[mutation.sample]!
      const { ok, reasons } = await judge(validator, { ...sample, bytes: mutate(Buffer.from(sample.bytes as Uint8Array), mutation) })
      assert.equal(ok, reasons.length === 0)
    }),
    { numRuns: 600 },
  )
  for (const sample of samples) await passes(validator, sample)
})

test('O4: a file that takes too long is refused and the process replaced; the next file passes', async () => {
  let isLate = false
  const clock = { now: () => 0, sleep: (ms: number, signal?: AbortSignal) => (isLate ? Promise.resolve() : systemClock.sleep(ms, signal)) }
  await using slow = createValidator({ clock, deadline: 60_000 })
  const whole = sourceOf('a,b\n'.repeat(MEBIBYTE))
  const source: ByteSource = {
    size: whole.size,
    read(offset, length, options) {
      isLate = offset > 0
      return whole.read(offset, length, options)
    },
  }
  const result = await slow.validate({ source, declaredType: 'text/csv', fileName: 'a.csv', signal: never })
  assert.deepEqual([result.ok, result.reasons[0]?.code], [false, 'not-validated'])
  assert.match(result.reasons[0]?.message ?? '', /could not be validated: checking it takes longer than 60 seconds/)
  isLate = false
  await passes(slow, csv('a,b\n1,2\n'))
})

test('O4: a file that needs more memory than a process has is refused; this process and the next file go on', async () => {
  await using small = createValidator({ heapMb: 48 })
  const objects = Array.from({ length: 600_000 }, (_, index) => `${index + 1} 0 obj <</A[1 2 3]/B(x)>> endobj\n`).join('')
  const bytes = Buffer.from(`%PDF-1.7\n${objects}xref\ntrailer <<>>\nstartxref\n${9 + objects.length}\n%%EOF`)
  for (const order of ['in a fresh process', 'after another file']) {
    const result = await judge(small, pdf(bytes))
    assert.match(result.reasons[0]?.message ?? '', /could not be validated: checking it needs more memory/, order)
    await passes(small, csv('a,b\n1,2\n'))
  }
})

/** A PDF of a few kilobytes whose objects unpack to so many mebibytes: what was packed is packed once more. */
function pdfBomb(mebibytes: number): Buffer {
  const packed = deflateSync(deflateSync(Buffer.alloc(mebibytes * MEBIBYTE)))
  const filter = '[/FlateDecode/FlateDecode]'
  const head = `%PDF-1.7\n1 0 obj<</Type/ObjStm/N 1/First 4/Filter${filter}/Length ${packed.length}>>stream\n`
  const body = Buffer.concat([Buffer.from(head), packed, Buffer.from('\nendstream endobj\n')])
  return Buffer.concat([body, Buffer.from(`xref\ntrailer <<>>\nstartxref\n${body.length}\n%%EOF`)])
}

test('O4: a PDF of a few kilobytes that unpacks to gigabytes is refused, before it takes the memory of others', async () => {
  await using small = createValidator({ memoryMb: 300 })
  const bytes = pdfBomb(800)
  assert.ok(bytes.length < 16 * 1024, `${bytes.length} bytes`)
  const result = await judge(small, pdf(bytes))
  assert.match(result.reasons[0]?.message ?? '', /could not be validated: checking it needs more memory/)
  await passes(small, csv('a,b\n1,2\n'))
})

/** Processes that this one has started, as Linux tells them. */
async function childrenOf(pid: number): Promise<number[]> {
  const tasks = await readdir(`/proc/${pid}/task`)
  const lists = await Promise.all(tasks.map((task) => readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '')))
  return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number))
}

test('O4: a parser that takes its process down with it is refused; this process and the next file go on', async () => {
  const before = new Set(await childrenOf(process.pid))
  await using one = createValidator()
  let crashes = 0
  const source: ByteSource = {
    size: 10,
    async read() {
      for (const child of await childrenOf(process.pid)) if (!before.has(child)) process.kill(child, 'SIGSEGV')
      crashes += 1
      return new Promise(() => {})
    },
  }
  for (const tries of [1, 2]) {
    const result = await one.validate({ source, declaredType: 'image/png', fileName: 'a.png', signal: never })
    assert.match(result.reasons[0]?.message ?? '', /could not be validated: its check broke off/)
    await passes(one, csv('a,b\n1,2\n'))
    assert.equal(crashes, tries === 1 ? 1 : 3, 'what broke a used process is tried in a fresh one')
  }
})

test('O4 N1: a process whose parser loops does not outlive a server that is killed', async () => {
  const server = fork(new URL('./process-watch.child.ts', import.meta.url), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const [{ pid }] = (await once(server, 'message')) as [{ pid: number }]
  const isThere = async (): Promise<boolean> => !/\) [ZX] /.test(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') X '))
  try {
    assert.ok(await isThere())
    const ended = once(server, 'exit')
    server.kill('SIGKILL')
    await ended
    while (await isThere()) await sleep(20)
  } finally {
    if (await isThere()) process.kill(pid, 'SIGKILL')
  }
})

test('O4: a process that somebody stops says nothing of the file: the call may be repeated', async () => {
  const before = new Set(await childrenOf(process.pid))
  await using one = createValidator()
  const request = { declaredType: 'text/csv', fileName: 'a.csv', signal: never }
  const source: ByteSource = {
    size: 10,
    async read() {
      for (const child of await childrenOf(process.pid)) if (!before.has(child)) process.kill(child, 'SIGKILL')
      return new Promise(() => {})
    },
  }
  await assert.rejects(one.validate({ ...request, source }), /stopped from outside/)
  const gentle: ByteSource = {
    size: 8,
    async read(offset, length) {
      for (const child of await childrenOf(process.pid)) if (!before.has(child)) process.kill(child, 'SIGTERM')
      return Buffer.from('a,b\n1,2\n').subarray(offset, offset + length)
    },
  }
  assert.equal((await one.validate({ ...request, source: gentle })).ok, true, 'a stop of the service lets it finish')
})

test('O4: a source that fails and a signal that fires reject, nothing is said of the file, and the next file is judged', async () => {
  const failing: ByteSource = { size: 10, read: () => Promise.reject(new Error('storage is away')) }
  const request = { declaredType: 'text/csv', fileName: 'a.csv' }
  await assert.rejects(validator.validate({ ...request, source: failing, signal: never }), /storage is away/)
  const short: ByteSource = { size: 10, read: async () => new Uint8Array(3) }
  await assert.rejects(validator.validate({ ...request, source: short, signal: never }), /3 bytes instead of 10/)
  const stop = new AbortController()
  const hanging: ByteSource = {
    size: 10,
    read: () => {
      setImmediate(() => stop.abort(new Error('enough')))
      return new Promise(() => {})
    },
  }
  await assert.rejects(validator.validate({ ...request, source: hanging, signal: stop.signal }), /enough/)
  await passes(validator, csv('a,b\n1,2\n'))
  await assert.rejects(validator.validate({ ...request, source: sourceOf('a'), signal: stop.signal }), /enough/)
})

test('O4: a signal that fires while others are judged ends the wait at once', async () => {
  await using one = createValidator()
  const gate = Promise.withResolvers<Uint8Array>()
  const request = { declaredType: 'text/csv', fileName: 'a.csv' }
  const first = one.validate({ ...request, source: { size: 4, read: () => gate.promise }, signal: never })
  const stop = new AbortController()
  const second = one.validate({ ...request, source: sourceOf('a,b\n'), signal: stop.signal })
  stop.abort(new Error('enough'))
  await assert.rejects(second, /enough/)
  gate.resolve(Buffer.from('a,b\n'))
  assert.equal((await first).ok, true)
})

/** The most that the process grew by while `run` ran, in bytes. */
async function growthDuring(run: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage.rss()
  let most = before
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss())
  }, 5)
  await run()
  clearInterval(timer)
  return most - before
}

test('O4: memory is bounded: a workbook of 400 MiB and a drawing of 30 MiB go through in windows, of other files the ends are read', async () => {
  const pattern = Buffer.from(Array.from({ length: 65_536 }, (_, index) => (index * index) % 251))
  const sheet = Buffer.concat(Array.from({ length: (100 * MEBIBYTE) / pattern.length }, () => pattern))
  const workbook = xlsxOf(...['1', '2', '3', '4'].map((name) => ({ name: `xl/${name}.bin`, data: sheet })))
  await passes(validator, xlsx(xlsxOf()))
  const ofWorkbook = await growthDuring(() => passes(validator, xlsx(workbook)))
  assert.ok(ofWorkbook < 150 * MEBIBYTE, `grew by ${ofWorkbook / MEBIBYTE} MiB over a workbook`)
  const drawing = svg(svgOf('<rect width="3" height="4" fill="url(#a)"/>'.repeat(700_000)))
  const ofDrawing = await growthDuring(() => passes(validator, drawing))
  // The heap of a process fills before it is swept.
  assert.ok(ofDrawing < 400 * MEBIBYTE, `grew by ${ofDrawing / MEBIBYTE} MiB over a drawing`)
  let read = 0
  const film: ByteSource = {
    size: 5e12,
    read: async (_offset, length) => {
      read += length
      return Buffer.from('\0\0\0\x18ftypisom\0\0\0\0isommp42'.padEnd(length, '\0'), 'latin1')
    },
  }
  const result = await validator.validate({ source: film, declaredType: 'video/mp4', fileName: 'a.mp4', signal: never })
  assert.deepEqual([result.ok, result.detectedType], [true, 'video/mp4'])
  assert.ok(read <= MEBIBYTE)
})

test('O4: the table in docs/operate names every type that is checked and the limits that hold', async () => {
  const docs = await readFile(new URL('../../../docs/operate/README.md', import.meta.url), 'utf8')
  for (const { name } of fileKinds) assert.match(docs, new RegExp(`^\\| ${name} \\|`, 'm'))
  const xlsxLimits = `${MAX_ENTRIES} entries, ${MAX_ENTRY_BYTES / MEBIBYTE} MiB each, ${MAX_TOTAL_BYTES / MEBIBYTE} MiB together, ${MAX_RATIO} times`
  assert.ok(docs.includes(xlsxLimits), xlsxLimits)
  const side = `${MAX_IMAGE_SIDE} × ${MAX_IMAGE_SIDE} pixels`
  for (const name of ['JPEG', 'PNG', 'WebP', 'GIF'])
    assert.match(docs, new RegExp(`^\\| ${name} \\| ${side}.*\\| ${MAX_IMAGE_BYTES / MEBIBYTE} MiB \\|$`, 'm'))
})
