/** Limits that server and clients share. Sizes in bytes, times in seconds. */
export const KiB = 1024
export const MiB = 1024 * KiB
export const GiB = 1024 * MiB

/** The secure tier takes files up to and including this size (S4). */
export const SECURE_TIER_MAX_BYTES = 4 * GiB

/** Stored length of one whole FLOE segment, and the plaintext in it. */
export const SEGMENT_STORED_BYTES = 1 * MiB
export const SEGMENT_PLAIN_BYTES = SEGMENT_STORED_BYTES - 32

/** A part is a multiple of this many whole segments, so that parts and segments share borders. */
export const PART_SEGMENTS = 8

/** Plaintext bytes in the smallest part (about 8 MiB) and in the largest that the plan uses for the secure tier (about 64 MiB). */
export const MIN_PART_PLAIN_BYTES = PART_SEGMENTS * SEGMENT_PLAIN_BYTES
export const MAX_PART_PLAIN_BYTES = 8 * MIN_PART_PLAIN_BYTES

/** No upload has more parts than this (Amazon S3, "Multipart upload limits"). */
export const MAX_PARTS = 10_000

/** A file name in UTF-8, as stored in metadata. */
export const MAX_NAME_BYTES = 1024

export const DEFAULT_PAGE_LIMIT = 50
export const MAX_PAGE_LIMIT = 200

/** An upload without a part for this long is swept (D7). */
export const UPLOAD_IDLE_SECONDS = 24 * 3600
