/** What a token can be limited to; of what a scope names, a token does only what its role allows too. */
export const tokenScopes = [
  'case.read',
  'case.write',
  'upload.read',
  'upload.write',
  'upload.delete',
  'hold.read',
  'hold.write',
  'webhook.read',
  'webhook.write',
  'audit.read',
  'storage.read',
] as const
