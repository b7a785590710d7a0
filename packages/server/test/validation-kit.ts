import assert from 'node:assert/strict'
import type { ByteSource, ValidationResult, Validator } from '../src/validate/validator.ts'

/** Bytes in memory as a source that notes what is asked of it. */
export function sourceOf(bytes: Uint8Array | string): ByteSource {
  const whole = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
  return {
    size: whole.length,
    async read(offset, length) {
      assert.ok(length <= 1024 * 1024 && offset >= 0 && offset + length <= whole.length, `a read of ${length} at ${offset}`)
      return whole.subarray(offset, offset + length)
    },
  }
}

export type Sample = { readonly bytes: Uint8Array | string; readonly type: string; readonly name: string }

export const judge = (validator: Validator, { bytes, type, name }: Sample): Promise<ValidationResult> =>
  validator.validate({ source: sourceOf(bytes), declaredType: type, fileName: name, signal: new AbortController().signal })

/** That the sample passes. */
export async function passes(validator: Validator, sample: Sample, why = sample.name): Promise<void> {
  const result = await judge(validator, sample)
  assert.deepEqual(result.reasons, [], why)
  assert.equal(result.ok, true, why)
}

/** That the sample is refused with this code, in words that a person can act on. */
export async function isRefused(validator: Validator, sample: Sample, code: string): Promise<ValidationResult> {
  const result = await judge(validator, sample)
  assert.equal(result.ok, false, `${sample.name} must be refused with ${code}`)
  assert.ok(
    result.reasons.some((reason) => reason.code === code),
    `${sample.name}: ${code} is not among ${JSON.stringify(result.reasons)}`,
  )
  for (const { message } of result.reasons) assert.match(message, /^[A-Z].{20,400}\.$/s)
  return result
}
