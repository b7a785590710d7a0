/**
 * The address of a download that this server hands out itself, as this page reaches it, whatever name the server goes by for apps;
 * null where the bytes come straight from a bucket.
 */
export function ownAddress(downloadUrl: string, id: string): string | null {
  const { pathname, search } = new URL(downloadUrl)
  return pathname === `/api/v1/uploads/${id}/content` ? `${pathname}${search}` : null
}
