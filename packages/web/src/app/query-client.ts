import { ApiProblem } from '@holdfast/client'
import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'
import type { SessionState } from './session-state.ts'

/** The SDK itself repeats what is safe to repeat, so a failed query is not tried again here. */
export function createQueryClient(session: SessionState): QueryClient {
  const onError = (error: unknown) => {
    if (error instanceof ApiProblem && error.status === 401) session.end()
  }
  return new QueryClient({
    queryCache: new QueryCache({
      onError: (error, query) => (query.queryKey[0] === 'me' && !query.state.data ? undefined : onError(error)),
    }),
    mutationCache: new MutationCache({
      onError: (error, _variables, _result, mutation) => (mutation.meta?.signsIn ? undefined : onError(error)),
    }),
    defaultOptions: { queries: { retry: false, staleTime: 5_000, networkMode: 'always' }, mutations: { networkMode: 'always' } },
  })
}
