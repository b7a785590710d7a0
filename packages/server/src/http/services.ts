import type { Caller } from '../core/actor.ts'

/** What the routes call. `app.ts` puts it together; the members are the services of services/. */
export type Services = {
  access: AccessReporter
}

/** Where a refused request is written down. */
export type AccessReporter = {
  /** Records ACCESS_DENIED for a caller whose role does not allow the route. */
  denied(caller: Caller, request: { method: string; route: string; permission: string }): Promise<void>
}
