import sharp from 'sharp'
import { readWhole } from './file-bytes.ts'
import type { Checker, FileToJudge } from './kinds.ts'
import { mebibytes, reason } from './reasons.ts'
import type { ValidationReason } from './validator.ts'

export const MAX_IMAGE_SIDE = 8192
/** An image is decoded from memory; a compressed one within the sides allowed is far smaller. */
export const MAX_IMAGE_BYTES = 128 * 1024 * 1024
/** All frames of an animation together. */
const MAX_PIXELS = 4 * MAX_IMAGE_SIDE * MAX_IMAGE_SIDE
const DECODE_SECONDS = 30

// Images are looked at once: a cache would only hold hostile data for longer.
sharp.cache(false)
sharp.concurrency(1)

type Header = { readonly width: number; readonly height: number; readonly pages: number; readonly format: string }

async function findHeader(whole: Buffer): Promise<Header | null> {
  try {
    const { width, height, pages, pageHeight, format } = await sharp(whole, { limitInputPixels: false, failOn: 'none' }).metadata()
    return { width, height: pageHeight ?? height, pages: pages ?? 1, format }
  } catch {
    return null
  }
}

function findSizeFault({ width, height, pages }: Header, name: string): ValidationReason | null {
  const size = `${width} × ${height}`
  if (width > MAX_IMAGE_SIDE || height > MAX_IMAGE_SIDE) {
    const message = `The ${name} is ${size} pixels; ${MAX_IMAGE_SIDE} × ${MAX_IMAGE_SIDE} is the most. Scale it down and upload it again.`
    return reason('image-dimensions', message, size)
  }
  if (width * height * pages <= MAX_PIXELS) return null
  return reason(
    'image-frames',
    `The ${name} has ${pages} frames of ${size} pixels, which is too much. Shorten it or scale it down.`,
    `${pages}`,
  )
}

/** Decodes every line of every frame without keeping them: one pixel comes out. */
async function findDecodeFault(whole: Buffer, name: string): Promise<ValidationReason | null> {
  try {
    await sharp(whole, { limitInputPixels: MAX_PIXELS, failOn: 'error', pages: -1, sequentialRead: true })
      .timeout({ seconds: DECODE_SECONDS })
      .resize(1, 1, { fit: 'fill', fastShrinkOnLoad: false })
      .raw()
      .toBuffer()
    return null
  } catch {
    return reason('image-damaged', `The ${name} is damaged or cut off: it does not decode to its end. Upload it again from the original.`)
  }
}

/** What a format tells of its own end and inner structure; null where it is in order. */
export type StructureCheck = (whole: Buffer) => ValidationReason | null

/** The steps that raster images share: size of the file, dimensions from the header, structure, and only then the pixels. */
export function rasterChecker(name: string, format: string, findStructureFault: StructureCheck): Checker {
  return async ({ bytes }: FileToJudge) => {
    if (bytes.size > MAX_IMAGE_BYTES)
      return [reason('too-large', `The ${name} is larger than ${mebibytes(MAX_IMAGE_BYTES)}, the most that is validated. Scale it down.`)]
    const whole = await readWhole(bytes)
    const header = await findHeader(whole)
    if (header === null || header.format !== format)
      return [reason('image-damaged', `The ${name} is damaged: its header cannot be read. Upload it again from the original.`, '0')]
    const fault = findSizeFault(header, name) ?? findStructureFault(whole) ?? (await findDecodeFault(whole, name))
    return fault ? [fault] : []
  }
}

export const cutOff = (name: string, at: number): ValidationReason =>
  reason('image-damaged', `The ${name} is damaged or cut off. Upload it again from the original.`, String(at))

export const trailing = (name: string, at: number): ValidationReason =>
  reason('trailing-data', `The ${name} has other data after its end. Save it anew from an image program and upload that.`, String(at))
