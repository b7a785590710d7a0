import type { ObjectServiceDeps } from '../objects/deps.ts'

/** Assets are objects: what the object API is made of. */
export type EvidenceDeps = ObjectServiceDeps
