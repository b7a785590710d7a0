import { type Bytes, utf8 } from '../bytes.ts'
import { ContainerError } from '../errors.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * The AAD of a file in Holdfast's secure tier: `holdfast:v1:{tenant}:{file}`, both UUIDs in lower case (RFC 9562 §4). It binds the
 * object to its place, so that a container copied over another file's object does not open.
 */
export function holdfastAad(file: { tenantId: string; fileId: string }): Bytes {
  for (const id of [file.tenantId, file.fileId]) {
    if (!UUID.test(id)) throw new ContainerError('aad-invalid', 'Tenant and file must be UUIDs in lower case')
  }
  return utf8(`holdfast:v1:${file.tenantId}:${file.fileId}`)
}
