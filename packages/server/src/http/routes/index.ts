import type { HttpApp } from '../app-types.ts'
import type { Services } from '../services.ts'

/** Registers a group of routes: `app.get(url, { config: { permission }, schema }, handler)`. */
export type RegisterRoutes = (app: HttpApp, services: Services) => void | Promise<void>

const groups: readonly RegisterRoutes[] = []

/** Each group gets a scope of its own, so that content type parsers and hooks of one do not reach another. */
export async function registerRoutes(app: HttpApp, services: Services): Promise<void> {
  for (const register of groups) {
    await app.register(async (scope) => {
      await register(scope as unknown as HttpApp, services)
    })
  }
}
