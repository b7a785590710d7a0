import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { crc32, deflateSync } from 'node:zlib'
import sharp from 'sharp'
import { createValidator } from '../src/validate/validator.ts'
import { isRefused, judge, passes, type Sample } from './validation-kit.ts'
import { picture, validSamples } from './validation-samples.ts'
import { zipOf } from './validation-zip.ts'

const validator = createValidator()
after(() => validator[Symbol.asyncDispose]())

const jpeg = (bytes: Uint8Array, name = 'a.jpg'): Sample => ({ bytes, type: 'image/jpeg', name })
const png = (bytes: Uint8Array, name = 'a.png'): Sample => ({ bytes, type: 'image/png', name })
const gif = (bytes: Uint8Array, name = 'a.gif'): Sample => ({ bytes, type: 'image/gif', name })
const webp = (bytes: Uint8Array, name = 'a.webp'): Sample => ({ bytes, type: 'image/webp', name })

function chunk(type: string, body: Uint8Array): Buffer {
  const typed = Buffer.concat([Buffer.from(type), body])
  const frame = Buffer.alloc(8)
  frame.writeUInt32BE(body.length, 0)
  frame.writeUInt32BE(crc32(typed), 4)
  return Buffer.concat([frame.subarray(0, 4), typed, frame.subarray(4)])
}

/** A PNG of one bit a pixel that says it is so large; its pixels are all black, or missing. */
function hugePng(width: number, height: number, lines = 0): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header[8] = 1
  const data = deflateSync(Buffer.alloc(lines * (1 + Math.ceil(width / 8))))
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), chunk('IHDR', header), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))])
}

test('O4: valid files of every kind pass, and are told as what they are', async () => {
  for (const sample of await validSamples()) await passes(validator, sample)
  const types = await Promise.all((await validSamples()).map(async (sample) => (await judge(validator, sample)).detectedType))
  assert.deepEqual(types.slice(0, 6), ['image/jpeg', 'image/png', 'image/webp', 'image/gif', 'image/svg+xml', 'application/pdf'])
})

test('O4: a PNG named .jpg is refused, whether it was declared as JPEG or as PNG', async () => {
  const bytes = await picture().png().toBuffer()
  const declared = await isRefused(validator, jpeg(bytes), 'type-mismatch')
  assert.equal(declared.detectedType, 'image/png')
  assert.match(declared.reasons[0]?.message ?? '', /sent as JPEG, but its content is PNG/)
  await isRefused(validator, png(bytes, 'a.jpg'), 'name-mismatch')
  await passes(validator, png(bytes, 'no extension'))
  await passes(validator, { bytes, type: 'IMAGE/PNG; charset=binary', name: 'A.PNG' })
})

test('O4: images over 8192 pixels a side are refused from their header, those at the limit pass', async () => {
  const bomb = hugePng(65_535, 65_535)
  assert.ok(bomb.length < 1024)
  const result = await isRefused(validator, png(bomb), 'image-dimensions')
  assert.equal(result.reasons[0]?.at, '65535 × 65535')
  await isRefused(validator, png(hugePng(8193, 1, 1)), 'image-dimensions')
  await isRefused(validator, png(hugePng(1, 8193, 8193)), 'image-dimensions')
  await passes(validator, png(hugePng(8192, 8192, 8192)))
  const wide = await sharp({ create: { width: 8193, height: 2, channels: 3, background: '#000' } })
    .jpeg()
    .toBuffer()
  await isRefused(validator, jpeg(wide), 'image-dimensions')
})

test('O4: truncated images are refused, wherever they end', async () => {
  const whole = await picture(400, 300).jpeg().toBuffer()
  for (const share of [0.05, 0.3, 0.7, 0.99])
    await isRefused(validator, jpeg(whole.subarray(0, Math.floor(whole.length * share))), 'image-damaged')
  const others: Sample[] = [
    png(await picture().png().toBuffer()),
    webp(await picture().webp().toBuffer()),
    gif(await picture().gif().toBuffer()),
  ]
  for (const sample of others)
    for (const cut of [1, 20, 200])
      await isRefused(validator, { ...sample, bytes: sample.bytes.slice(0, -cut) as Uint8Array }, 'image-damaged')
  await isRefused(validator, png(hugePng(64, 64, 32)), 'image-damaged')
})

test('O4: polyglots are refused: GIF and script, image and ZIP, image and PDF, anything after the end', async () => {
  const script = Buffer.from('*/=1;alert(1)//')
  await isRefused(validator, gif(Buffer.concat([await picture().gif().toBuffer(), script])), 'trailing-data')
  await isRefused(validator, gif(Buffer.from('GIF89a/*\x00\x00\x00*/=1;alert(1);', 'latin1')), 'image-damaged')
  const archive = zipOf([{ name: 'a.html', data: Buffer.from('<script>') }])
  for (const sample of (await validSamples()).slice(0, 4)) {
    const bytes = sample.bytes as Uint8Array
    await isRefused(validator, { ...sample, bytes: Buffer.concat([bytes, archive]) }, 'polyglot')
    await isRefused(validator, { ...sample, bytes: Buffer.concat([bytes, script]) }, 'trailing-data')
  }
  const commented = await picture().png().toBuffer()
  const note = chunk('tEXt', Buffer.from('a\0%PDF-1.4'))
  await isRefused(validator, png(Buffer.concat([commented.subarray(0, 33), note, commented.subarray(33)])), 'polyglot')
})

test('O4: what cameras append to a JPEG passes: a preview, a film, padding', async () => {
  const whole = await picture().jpeg().toBuffer()
  const film = Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypmp42')])
  for (const appended of [whole, film, Buffer.alloc(400), Buffer.concat([Buffer.alloc(9), whole])])
    await passes(validator, jpeg(Buffer.concat([whole, appended])))
})

test('O4: every frame of an animation counts and decodes', async () => {
  const frames = await Promise.all([1, 2, 3].map(() => picture(40, 30).png().toBuffer()))
  const animation = await sharp(frames, { join: { animated: true } })
    .gif()
    .toBuffer()
  await passes(validator, gif(animation))
  await passes(validator, webp(await sharp(animation, { animated: true }).webp().toBuffer()))
  const blank = await sharp({ create: { width: 8192, height: 8192, channels: 3, background: '#000' } })
    .gif()
    .toBuffer()
  const frame = blank.subarray(blank.indexOf(Buffer.from([0x21, 0xf9])), -1)
  const many = Buffer.concat([blank.subarray(0, -1), ...Array.from({ length: 5 }, () => frame), Buffer.from([0x3b])])
  await isRefused(validator, gif(many), 'image-frames')
})

test('O4: types without a check of their own are held to their first bytes', async () => {
  const archive = zipOf([{ name: 'a.txt', data: Buffer.from('a') }])
  await passes(validator, { bytes: archive, type: 'application/zip', name: 'a.zip' })
  await passes(validator, { bytes: archive, type: 'application/octet-stream', name: 'a.bin' })
  await passes(validator, { bytes: 'plain words', type: 'text/plain', name: 'a.txt' })
  await passes(validator, { bytes: Buffer.from([1, 2, 3]), type: 'application/x-our-own', name: 'a.own' })
  await isRefused(validator, { bytes: archive, type: 'text/plain', name: 'a.txt' }, 'type-mismatch')
  await isRefused(validator, { bytes: 'plain words', type: 'application/zip', name: 'a.zip' }, 'type-mismatch')
  await isRefused(validator, { bytes: await picture().png().toBuffer(), type: 'application/x-our-own', name: 'a.own' }, 'type-mismatch')
  await isRefused(validator, { bytes: '<html><script>1</script></html>', type: 'image/png', name: 'a.png' }, 'type-mismatch')
  await isRefused(validator, { bytes: '', type: 'text/plain', name: 'a.txt' }, 'empty')
})
