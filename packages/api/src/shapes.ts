import { type TEnum, type TSchema, Type } from 'typebox'
import { MAX_NAME_BYTES } from './limits.ts'

// Words that the schemas are made of. Sizes are integers in requests; every byte count that an answer
// holds is a JavaScript-safe integer too (2^53 bytes is 8 PiB), times are ISO 8601 UTC strings.

export const closed = { additionalProperties: false } as const
export const Uuid = Type.String({ format: 'uuid' })
export const Time = Type.String({ format: 'date-time' })
export const Bytes = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])
export const OneOf = <const T extends readonly string[]>(values: T): TEnum<[...T]> => Type.Enum<[...T]>([...values])
/** The name of a file. What is wrong with one is INVALID_FILE_NAME, which says what; the schema bounds it alone. */
export const FileName = Type.String({ minLength: 1, maxLength: MAX_NAME_BYTES, 'x-file-name': true })
export const Sha256 = Type.String({ pattern: '^[0-9a-fA-F]{64}$', description: 'SHA-256 in hex; answers are lower case' })
