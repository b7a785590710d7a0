/**
 * The SHA-256 of a `Content-Digest` field (RFC 9530 §2), 32 bytes. Null where the field is absent or names other algorithms alone;
 * 'malformed' where it names sha-256 with something that is no digest, which must not pass for "none given".
 */
export function parseContentDigest(field: string | undefined): Uint8Array | null | 'malformed' {
  if (field === undefined) return null
  const members = field.split(',').map((member) => member.trim())
  const member = members.find((candidate) => /^sha-256\s*=/i.test(candidate))
  if (member === undefined) return null
  const [, encoded] = /^sha-256=:([A-Za-z0-9+/]{43}=):$/i.exec(member) ?? []
  return encoded === undefined ? 'malformed' : new Uint8Array(Buffer.from(encoded, 'base64'))
}
