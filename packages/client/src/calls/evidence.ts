import type {
  AccessEvent,
  AccessEventQuery,
  Asset,
  AssetLink,
  AssetLinkCreate,
  AssetLinkQuery,
  AssetQuery,
  AssetVerification,
  EvidenceReport,
  PageOf,
  SignDownload,
  SignedDownload,
  UploadIntentComplete,
  UploadIntentCompleted,
  UploadIntentCreate,
  UploadIntentCreated,
} from '@holdfast/api'
import type { CallOptions, Http } from '../http.ts'

const intent = (id: string): string => `/evidence/upload-intents/${encodeURIComponent(id)}`
const at = (id: string): string => `/evidence/assets/${encodeURIComponent(id)}`

/** The evidence contract. Send `upload.headers` as they are; a browser sets content-length itself. */
export const evidenceCalls = (http: Http) => ({
  createIntent: (create: UploadIntentCreate, options?: CallOptions): Promise<UploadIntentCreated> =>
    http.json({ method: 'POST', path: '/evidence/upload-intents', body: create, creates: true }, options),
  completeIntent: (id: string, complete: UploadIntentComplete = {}, options?: CallOptions): Promise<UploadIntentCompleted> =>
    http.json({ method: 'POST', path: `${intent(id)}/complete`, body: complete, repeatable: true }, options),
  cancelIntent: (id: string, options?: CallOptions): Promise<UploadIntentCompleted> =>
    http.json({ method: 'POST', path: `${intent(id)}/cancel`, repeatable: true }, options),
  list: (query: AssetQuery = {}, options?: CallOptions): Promise<PageOf<Asset>> =>
    http.json({ method: 'GET', path: '/evidence/assets', query }, options),
  get: (id: string, options?: CallOptions): Promise<Asset> => http.json({ method: 'GET', path: at(id) }, options),
  /** Verified assets alone. Answers the link that is there already. */
  link: (id: string, create: AssetLinkCreate, options?: CallOptions): Promise<AssetLink> =>
    http.json({ method: 'POST', path: `${at(id)}/links`, body: create, creates: true }, options),
  links: (id: string, query: AssetLinkQuery = {}, options?: CallOptions): Promise<PageOf<AssetLink>> =>
    http.json({ method: 'GET', path: `${at(id)}/links`, query }, options),
  unlink: (id: string, linkId: string, options?: CallOptions): Promise<void> =>
    http.json({ method: 'DELETE', path: `${at(id)}/links/${encodeURIComponent(linkId)}` }, options),
  signDownload: (id: string, sign: SignDownload = {}, options?: CallOptions): Promise<SignedDownload> =>
    http.json({ method: 'POST', path: `${at(id)}/sign-download`, body: sign, repeatable: true }, options),
  verify: (id: string, options?: CallOptions): Promise<AssetVerification> =>
    http.json({ method: 'POST', path: `${at(id)}/verify`, repeatable: true }, options),
  accessEvents: (id: string, query: AccessEventQuery = {}, options?: CallOptions): Promise<PageOf<AccessEvent>> =>
    http.json({ method: 'GET', path: `${at(id)}/access-events`, query }, options),
  archive: (id: string, options?: CallOptions): Promise<Asset> =>
    http.json({ method: 'POST', path: `${at(id)}/archive`, repeatable: true }, options),
  remove: (id: string, options?: CallOptions): Promise<void> => http.json({ method: 'DELETE', path: at(id) }, options),
  report: (options?: CallOptions): Promise<EvidenceReport> => http.json({ method: 'GET', path: '/evidence/report' }, options),
})

export type EvidenceCalls = ReturnType<typeof evidenceCalls>
